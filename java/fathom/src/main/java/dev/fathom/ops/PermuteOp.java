package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.WindowedOp;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The dimensions in another order: y.dim(i) = x.dim(order(i)).
 *
 * @param rank how many dimensions
 * @param packed three bits for each dimension of y, the first lowest: which dimension of x it is
 */
public record PermuteOp(int rank, int packed) implements MoveOp, WindowedOp {
    /**
     * Checks the order, which may come from a file.
     *
     * @throws IllegalArgumentException unless each dimension is named once
     */
    public PermuteOp {
        if (!isOrder(rank, packed)) {
            throw new IllegalArgumentException(
                    "permute: " + packed + " is not an order of " + rank + " dimensions; name each once");
        }
    }

    /** Whether each of so many dimensions is named once. */
    private static boolean isOrder(int rank, int packed) {
        int seen = 0;
        for (int i = 0; i < rank && rank <= Shape.MAX_RANK; i++) {
            seen |= 1 << (packed >> 3 * i & 7);
        }
        return rank >= 0 && rank <= Shape.MAX_RANK && seen == (1 << rank) - 1;
    }

    public static PermuteOp of(Shape x, int[] order) {
        int packed = 0;
        for (int i = 0; i < order.length && order.length == x.rank(); i++) {
            packed |= x.axis("permute", order[i]) << 3 * i;
        }
        if (order.length != x.rank() || !isOrder(order.length, packed)) {
            throw new IllegalArgumentException("permute" + Where.running() + ": " + Arrays.toString(order)
                    + " is not an order of the " + x.rank() + " dimensions of x " + x + "; name each once");
        }
        return new PermuteOp(order.length, packed);
    }

    public static PermuteOp exchange(Shape x, int a, int b) {
        int[] order = new int[x.rank()];
        Arrays.setAll(order, i -> i);
        order[x.axis("transpose", a)] = x.axis("transpose", b);
        order[x.axis("transpose", b)] = x.axis("transpose", a);
        return of(x, order);
    }

    /** The dimension of x that dimension {@code i} of y is. */
    private int order(int i) {
        return packed >> 3 * i & 7;
    }

    @Override
    public Shape shape(Call c, int output) {
        if (c.shape(0).rank() != rank) {
            throw c.fail("x " + c.shape(0) + " does not have the " + rank
                    + " dimensions of the order; name each of its own once");
        }
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = c.shape(0).dim(order(i));
        }
        return Shape.of(dims);
    }

    @Override
    public @Nullable Span span(int axis, int from, int to) {
        return order(axis + 1) == axis + 1 ? Span.SAME : null;
    }

    @Override
    public void forward(Call c) {
        permute(c, c.in(0), c.out(0), c.shape(0));
    }

    @Override
    public void backward(Grad g) {
        int inverse = 0;
        for (int i = 0; i < rank; i++) {
            inverse |= i << 3 * order(i);
        }
        long dy = g.dout(0);
        PermuteOp back = new PermuteOp(rank, inverse);
        g.through(0, dx -> back.permute(g, dy, dx, g.outShape(0)));
    }

    private void permute(Call c, long x, long y, Shape shape) {
        c.begin(Kernel.PERMUTE).put(c.dtype(0).bytes()).at(x, y);
        for (int i = rank - Shape.MAX_RANK; i < rank; i++) {
            c.put(i < 0 ? 1 : shape.dim(order(i)));
        }
        for (int i = rank - Shape.MAX_RANK; i < rank; i++) {
            c.put(i < 0 ? 0 : shape.size(order(i) + 1, rank));
        }
        c.run();
    }
}
