package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Shape;
import java.util.Arrays;

/**
 * NumPy's broadcasting of any number of operands: shapes are aligned at their last dimension, a dimension of 1 (or a
 * missing one) stretches to the others'. A kernel reads an operand through strides, 0 where it stretches, and what
 * flows back to it is summed over these dimensions.
 */
public final class Broadcast {
    private Broadcast() {}

    /**
     * The shape that all of these stretch to.
     *
     * @throws IllegalArgumentException naming the first two operands and dimensions that disagree
     */
    public static Shape shape(Call c, String[] names, Shape... operands) {
        return shape(c, names, 0, operands);
    }

    /**
     * The shape that the operands stretch to, where the last {@code own} dimensions of each are its own; they are 1 in
     * the result.
     */
    public static Shape shape(Call c, String[] names, int own, Shape... operands) {
        int rank = 0;
        boolean equal = own == 0;
        for (Shape s : operands) {
            rank = Math.max(rank, s.rank());
            equal &= s.equals(operands[0]);
        }
        if (equal) {
            return operands[0];
        }
        int[] dims = new int[rank];
        Arrays.fill(dims, 1);
        for (int i = own + 1; i <= rank; i++) {
            int d = 1;
            int from = -1;
            for (int o = 0; o < operands.length; o++) {
                int other = dim(operands[o], i);
                if (other == 1 || other == d) {
                    continue;
                }
                if (from >= 0) {
                    Shape a = operands[from];
                    Shape b = operands[o];
                    throw c.fail(names[from] + " " + a + " and " + names[o] + " " + b + " do not broadcast: "
                            + names[from] + ".dim(" + (a.rank() - i) + ")=" + d + " but " + names[o] + ".dim("
                            + (b.rank() - i) + ")=" + other + "; make them equal or one of them 1");
                }
                d = other;
                from = o;
            }
            dims[rank - i] = d;
        }
        return Shape.of(dims);
    }

    /** The words of a kernel that walks {@code result}: its six dimensions, then the strides of each operand. */
    public static void put(Call c, Shape result, Shape... operands) {
        boolean dense = true;
        for (Shape s : operands) {
            dense &= s.equals(result);
        }
        if (!dense) {
            for (long[] words : strides(result, operands)) {
                c.put(words);
            }
            return;
        }
        c.put(1, 1, 1, 1, 1, result.size());
        for (int o = 0; o < operands.length; o++) {
            c.put(0, 0, 0, 0, 0, 1);
        }
    }

    /**
     * Row 0: the dimensions of {@code result}, six of them, neighbors along which every operand stretches or runs on
     * alike merged into one, 1 in front. Row 1 + o: the strides of operand {@code o} along them, in elements.
     */
    public static long[][] strides(Shape result, Shape... operands) {
        int n = operands.length;
        long[][] words = new long[1 + n][Shape.MAX_RANK];
        long[] dims = words[0];
        Arrays.fill(dims, 1);
        long[] run = new long[n]; // elements of each operand behind this dimension
        Arrays.fill(run, 1);
        int at = Shape.MAX_RANK;
        for (int i = 1; i <= result.rank(); i++) {
            long d = result.dim(-i);
            if (d != 1) {
                boolean merges = at < Shape.MAX_RANK;
                for (int o = 0; o < n && merges; o++) {
                    long before = words[1 + o][at];
                    boolean stretches = dim(operands[o], i) == 1;
                    merges = stretches ? before == 0 : before != 0 && run[o] == before * dims[at];
                }
                if (merges) {
                    dims[at] *= d;
                } else {
                    dims[--at] = d;
                    for (int o = 0; o < n; o++) {
                        words[1 + o][at] = dim(operands[o], i) == 1 ? 0 : run[o];
                    }
                }
            }
            for (int o = 0; o < n; o++) {
                run[o] *= dim(operands[o], i);
            }
        }
        return words;
    }

    /**
     * dx (+)= the sum of {@code full}, which has the shape of {@code result}, over the dimensions along which
     * {@code operand} stretches.
     */
    public static void sum(Call c, long full, Shape result, long dx, Shape operand, boolean add) {
        ReduceOp.reduce(c, ReduceOp.Kind.SUM, full, dx, result, stretched(result, operand), add);
    }

    /** Bit i: along dimension i of {@code result} {@code operand} stretches, or lacks it. */
    public static int stretched(Shape result, Shape operand) {
        int mask = 0;
        for (int i = 0; i < result.rank(); i++) {
            if (dim(operand, result.rank() - i) != result.dim(i)) {
                mask |= 1 << i;
            }
        }
        // a missing dimension disappears even where it is 1
        return mask | (1 << result.rank() - operand.rank()) - 1;
    }

    /** Dimension {@code i} counted from the end, from 1; 1 where there is none. */
    private static int dim(Shape s, int i) {
        return i <= s.rank() ? s.dim(-i) : 1;
    }
}
