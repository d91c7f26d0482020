package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import java.util.Locale;

/**
 * The elementwise functions of two inputs, row for row as {@code native/src/binary.def}, with NumPy's broadcasting: shapes are aligned at their
 * last dimension, and a dimension of 1 stretches. A test compares the two tables.
 */
public enum Binary implements Op {
    /** a + b. */
    ADD(Reads.NONE),
    /** a - b. */
    SUB(Reads.NONE),
    /** a b. */
    MUL(Reads.A | Reads.B),
    /** a / b. */
    DIV(Reads.B | Reads.OUTPUT),
    /** max(a, 0) - a b + log(1 + exp(-|a|)): binary cross-entropy of logits a against targets b. */
    BCE_LOGITS(Reads.A | Reads.B);

    private final int reads;

    Binary(int reads) {
        this.reads = reads;
    }

    /** This row as the native table writes it: {@code name:parameters:reads}. */
    public String row() {
        StringBuilder s = new StringBuilder();
        if ((reads & Reads.A) != 0) {
            s.append("|A");
        }
        if ((reads & Reads.B) != 0) {
            s.append("|B");
        }
        if ((reads & Reads.OUTPUT) != 0) {
            s.append("|OUTPUT");
        }
        return name().toLowerCase(Locale.ROOT) + ":0:" + (s.length() == 0 ? "NONE" : s.substring(1));
    }

    @Override
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Shape shape(Call c, int output) {
        return broadcast(c);
    }

    @Override
    public boolean readsInput(int i) {
        return (reads & (i == 0 ? Reads.A : Reads.B)) != 0;
    }

    @Override
    public boolean readsOutput(int o) {
        return (reads & Reads.OUTPUT) != 0;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.BINARY).put(ordinal()).at(c.in(0)).at(c.in(1)).at(c.out(0));
        putDims(c);
        c.run();
    }

    @Override
    public void backward(Grad g) {
        long a = readsInput(0) ? g.in(0) : 0;
        long b = readsInput(1) ? g.in(1) : 0;
        long y = readsOutput(0) ? g.out(0) : 0;
        for (int which = 0; which < 2; which++) {
            if (!g.wants(which)) {
                continue;
            }
            long dy = g.dout(0);
            if (g.shape(which).size() == g.outShape(0).size()) {
                long dx = g.din(which);
                grad(g, which, a, b, y, dy, dx, g.adds());
            } else {
                long full = dy;
                if (this != ADD && !(this == SUB && which == 0)) {
                    full = g.scratch(4 * g.outShape(0).size());
                    grad(g, which, a, b, y, dy, full, false);
                }
                long dx = g.din(which);
                ReduceOp.reduce(
                        g,
                        ReduceOp.Kind.SUM,
                        full,
                        dx,
                        g.outShape(0),
                        stretched(g.shape(which), g.outShape(0)),
                        g.adds());
            }
        }
    }

    private void grad(Grad g, int which, long a, long b, long y, long dy, long dx, boolean add) {
        g.begin(Kernel.BINARY_GRAD)
                .put(ordinal())
                .put(which)
                .at(a)
                .at(b)
                .at(y)
                .at(dy)
                .at(dx);
        putDims(g);
        g.put(add ? 1 : 0).run();
    }

    /** Bits of the dimensions of {@code result} along which {@code operand} was repeated. */
    private static int stretched(Shape operand, Shape result) {
        int missing = result.rank() - operand.rank();
        int mask = 0;
        for (int i = 0; i < result.rank(); i++) {
            if (i < missing || operand.dim(i - missing) != result.dim(i)) {
                mask |= 1 << i;
            }
        }
        return mask;
    }

    private Shape broadcast(Call c) {
        Shape a = c.shape(0);
        Shape b = c.shape(1);
        if (a.equals(b)) {
            return a;
        }
        int rank = Math.max(a.rank(), b.rank());
        int[] dims = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int da = i <= a.rank() ? a.dim(-i) : 1;
            int db = i <= b.rank() ? b.dim(-i) : 1;
            if (da != db && da != 1 && db != 1) {
                throw c.fail("a " + a + " and b " + b + " do not broadcast: a.dim(" + (a.rank() - i) + ")=" + da
                        + " but b.dim(" + (b.rank() - i) + ")=" + db + "; make them equal or one of them 1");
            }
            dims[rank - i] = da == 1 ? db : da;
        }
        return Shape.of(dims);
    }

    /** Six dimensions and the strides of both operands, neighbours that stretch alike merged into one. */
    private static void putDims(Call c) {
        Shape a = c.shape(0);
        Shape b = c.shape(1);
        Shape y = c.outShape(0);
        if (a.equals(b)) {
            c.put(1).put(1).put(1).put(1).put(1).put(y.size());
            c.put(0).put(0).put(0).put(0).put(0).put(1);
            c.put(0).put(0).put(0).put(0).put(0).put(1);
            return;
        }
        long[] dims = new long[Shape.MAX_RANK];
        long[] sa = new long[Shape.MAX_RANK];
        long[] sb = new long[Shape.MAX_RANK];
        int at = Shape.MAX_RANK;
        long strideA = 1;
        long strideB = 1;
        for (int i = 1; i <= y.rank(); i++) {
            long d = y.dim(-i);
            long da = i <= a.rank() ? a.dim(-i) : 1;
            long db = i <= b.rank() ? b.dim(-i) : 1;
            if (d != 1) {
                long stepA = da == 1 ? 0 : strideA;
                long stepB = db == 1 ? 0 : strideB;
                boolean merges = at < Shape.MAX_RANK
                        && stepA == (sa[at] == 0 ? 0 : sa[at] * dims[at])
                        && stepB == (sb[at] == 0 ? 0 : sb[at] * dims[at])
                        && (stepA == 0) == (sa[at] == 0)
                        && (stepB == 0) == (sb[at] == 0);
                if (merges) {
                    dims[at] *= d;
                } else {
                    at--;
                    dims[at] = d;
                    sa[at] = stepA;
                    sb[at] = stepB;
                }
            }
            strideA *= da;
            strideB *= db;
        }
        for (int i = 0; i < at; i++) {
            dims[i] = 1;
        }
        putAll(c, dims);
        putAll(c, sa);
        putAll(c, sb);
    }

    private static void putAll(Call c, long[] words) {
        for (long w : words) {
            c.put(w);
        }
    }
}
