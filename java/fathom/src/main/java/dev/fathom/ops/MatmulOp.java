package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y [.., m, n] = a [.., m, k] b [.., k, n]; the dimensions in front broadcast. One matrix b multiplies all rows of a as
 * one product.
 *
 * @param transposed b is [.., n, k]
 */
public record MatmulOp(boolean transposed) implements Op {
    public static final MatmulOp PLAIN = new MatmulOp(false);
    public static final MatmulOp TRANSPOSED = new MatmulOp(true);
    private static final String[] NAMES = {"a", "b"};

    @Override
    public String label() {
        return transposed ? "matmul_transposed" : "matmul";
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape a = c.shape(0);
        Shape b = c.shape(1);
        if (a.rank() < 1 || b.rank() < 2 || b.rank() > 2 && a.rank() < 2) {
            throw c.fail("a " + a + " and b " + b
                    + " cannot be multiplied: b needs two dimensions or more, and a one, or two if b has "
                    + "more than two; reshape them");
        }
        int at = transposed ? b.rank() - 1 : b.rank() - 2;
        if (a.dim(-1) != b.dim(at)) {
            throw c.fail("a " + a + " and b " + b + " disagree: a.dim(" + (a.rank() - 1) + ")=" + a.dim(-1)
                    + " but b.dim(" + at + ")=" + b.dim(at) + "; they must be equal");
        }
        int n = columns(b);
        if (b.rank() == 2) {
            return a.with(-1, n);
        }
        return Broadcast.shape(c, NAMES, 2, a, b).with(-2, a.dim(-2)).with(-1, n);
    }

    private int columns(Shape b) {
        return b.dim(transposed ? -2 : -1);
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        Shape a = c.shape(0);
        Shape b = c.shape(1);
        int tb = transposed ? 1 : 0;
        if (b.rank() == 2) {
            gemm(c, 0, tb, c.in(0), c.in(1), c.out(0), rows(a), columns(b), a.dim(-1), false);
        } else {
            batch(c, 0, tb, c.in(0), a, c.in(1), b, c.out(0), c.outShape(0), a.dim(-1), false);
        }
    }

    @Override
    public void backward(Grad g) {
        Shape a = g.shape(0);
        Shape b = g.shape(1);
        Shape y = g.outShape(0);
        int n = columns(b);
        int k = a.dim(-1);
        long dy = g.dout(0);
        if (g.wants(0)) {
            long w = g.in(1);
            long da = g.din(0);
            if (b.rank() == 2) {
                gemm(g, 0, transposed ? 0 : 1, dy, w, da, rows(a), k, n, g.adds());
            } else {
                gradient(g, 0, transposed ? 0 : 1, dy, y, w, b, da, a, y);
            }
        }
        if (g.wants(1)) {
            long x = g.in(0);
            long db = g.din(1);
            if (b.rank() == 2) {
                if (transposed) {
                    gemm(g, 1, 0, dy, x, db, n, k, rows(a), g.adds());
                } else {
                    gemm(g, 1, 0, x, dy, db, k, n, rows(a), g.adds());
                }
            } else if (transposed) {
                gradient(g, 1, 0, dy, y, x, a, db, b, y);
            } else {
                gradient(g, 1, 0, x, a, dy, y, db, b, y);
            }
        }
    }

    /** The gradient of an operand, op(left) right for each product, summed over what the operand was repeated along. */
    private static void gradient(
            Grad g,
            int ta,
            int tb,
            long left,
            Shape leftShape,
            long right,
            Shape rightShape,
            long dx,
            Shape x,
            Shape y) {
        boolean add = g.adds();
        Shape full = y.with(-2, x.dim(-2)).with(-1, x.dim(-1));
        int k = leftShape.dim(ta == 0 ? -1 : -2);
        if (full.size() == x.size()) {
            batch(g, ta, tb, left, leftShape, right, rightShape, dx, full, k, add);
        } else {
            long all = g.scratch(4 * full.size());
            batch(g, ta, tb, left, leftShape, right, rightShape, all, full, k, false);
            Broadcast.sum(g, all, full, dx, x, add);
        }
    }

    @Override
    public long multiplyAdds(Shape... in) {
        Shape a = in[0];
        Shape b = in[1];
        long products = 1;
        for (int i = 3; i <= Math.max(a.rank(), b.rank()); i++) {
            products *= Math.max(i <= a.rank() ? a.dim(-i) : 1, i <= b.rank() ? b.dim(-i) : 1);
        }
        return products * (a.rank() < 2 ? 1 : a.dim(-2)) * a.dim(-1) * columns(b);
    }

    /** The product of all dimensions but the last. */
    public static long rows(Shape s) {
        return s.size(0, s.rank() - 1);
    }

    /** c [m, n] (+)= op(a) op(b). */
    public static void gemm(Call call, int ta, int tb, long a, long b, long c, long m, long n, long k, boolean add) {
        call.begin(Kernel.GEMM)
                .put(ta, tb)
                .at(a, b, c)
                .put(m, n, k, add ? 1 : 0)
                .run();
    }

    /**
     * c [.., m, n] (+)= op(a) op(b) for every matrix of c; those of a and b repeat where their dimension is 1 or
     * missing.
     */
    private static void batch(
            Call call, int ta, int tb, long a, Shape as, long b, Shape bs, long c, Shape cs, long k, boolean add) {
        long m = cs.dim(-2);
        long n = cs.dim(-1);
        call.begin(Kernel.GEMM_BATCH).put(ta, tb).at(a, b, c).put(m, n, k, add ? 1 : 0);
        for (int i = Shape.MAX_RANK + 2; i > 2; i--) {
            call.put(i <= cs.rank() ? cs.dim(-i) : 1);
        }
        call.put(strides(as)).put(strides(bs)).run();
    }

    /** How far apart the matrices of an operand lie along each of six dimensions in front; 0 where there is one. */
    private static long[] strides(Shape s) {
        long[] strides = new long[Shape.MAX_RANK];
        for (int i = 3; i <= s.rank(); i++) {
            int at = s.rank() - i;
            strides[Shape.MAX_RANK + 2 - i] = s.dim(at) == 1 ? 0 : s.size(at + 1, s.rank());
        }
        return strides;
    }
}
