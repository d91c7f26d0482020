package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.Native;

/** y [.., m, n] = a [.., m, k] b [k, n]. */
record MatmulOp() implements Op {
    static final MatmulOp INSTANCE = new MatmulOp();

    @Override
    public String label() {
        return "matmul";
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape a = c.shape(0);
        Shape b = c.shape(1);
        if (a.rank() < 1 || b.rank() != 2) {
            throw c.fail("a " + a + " and b " + b
                    + " are not matrices: a needs at least one dimension and b exactly two; reshape them");
        }
        if (a.dim(-1) != b.dim(0)) {
            throw c.fail("a " + a + " and b " + b + " disagree: a.dim(" + (a.rank() - 1) + ")=" + a.dim(-1)
                    + " but b.dim(0)=" + b.dim(0) + "; they must be equal");
        }
        return a.with(-1, b.dim(1));
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        long k = c.shape(1).dim(0);
        long n = c.shape(1).dim(1);
        long m = rows(c.shape(0));
        gemm(c, 0, 0, c.in(0), c.in(1), c.out(0), m, n, k, false);
    }

    @Override
    public void backward(Grad g) {
        long k = g.shape(1).dim(0);
        long n = g.shape(1).dim(1);
        long m = rows(g.shape(0));
        long dy = g.dout(0);
        if (g.wants(0)) {
            long b = g.in(1);
            long da = g.din(0);
            gemm(g, 0, 1, dy, b, da, m, k, n, g.adds());
        }
        if (g.wants(1)) {
            long a = g.in(0);
            long db = g.din(1);
            gemm(g, 1, 0, a, dy, db, k, n, m, g.adds());
        }
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[0].size() * in[1].dim(1);
    }

    /** The product of all dimensions but the last. */
    static long rows(Shape s) {
        return s.size(0, s.rank() - 1);
    }

    /** c [m, n] (+)= op(a) op(b). */
    static void gemm(Call call, int ta, int tb, long a, long b, long c, long m, long n, long k, boolean add) {
        long scratch = call.scratch(Native.gemmScratch(ta, tb, m, n, k));
        call.begin(Kernel.GEMM)
                .put(ta)
                .put(tb)
                .at(a)
                .at(b)
                .at(c)
                .put(m)
                .put(n)
                .put(k)
                .put(add ? 1 : 0)
                .at(scratch)
                .run();
    }
}
