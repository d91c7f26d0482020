package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.Native;
import org.jspecify.annotations.Nullable;

/**
 * y [.., n] = act((x [.., k] W [n, k]^T + b [n]) + residual [.., n]), in one kernel. Inputs: x, W, then b and the residual where there are any. An
 * activation whose derivative needs its input has the sum as a second result.
 */
record LinearOp(boolean bias, boolean residual, @Nullable Activation activation) implements Op {
    private static final LinearOp PLAIN = new LinearOp(false, false, null);
    private static final LinearOp BIAS = new LinearOp(true, false, null);

    static LinearOp of(boolean bias, boolean residual, @Nullable Activation activation) {
        return residual || activation != null ? new LinearOp(bias, residual, activation) : bias ? BIAS : PLAIN;
    }

    /** Takes up an activation, or the addition of a residual before there is one: act((x W^T + b) + residual). */
    @Override
    public @Nullable Op fuse(Op user) {
        if (activation == null && user instanceof Activation a) {
            return new LinearOp(bias, residual, a);
        }
        return activation == null && !residual && user == Binary.ADD ? new LinearOp(bias, true, null) : null;
    }

    @Override
    public String label() {
        return "linear";
    }

    @Override
    public int outputs() {
        return keepsPre() ? 2 : 1;
    }

    private boolean keepsPre() {
        return activation != null && activation.row().readsInput();
    }

    private int residualAt() {
        return bias ? 3 : 2;
    }

    @Override
    public boolean onlyForBackward(int output) {
        return output == 1;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape w = c.shape(1);
        if (w.rank() != 2) {
            throw c.fail(c.inName(1) + " " + w + " is not a matrix; give it as [out, in]");
        }
        if (x.rank() < 1 || x.dim(-1) != w.dim(1)) {
            String weight = c.inName(1);
            throw c.fail("x " + x + " and " + weight + " " + w + " disagree: x.dim(" + (x.rank() - 1) + ")="
                    + (x.rank() < 1 ? "none" : x.dim(-1)) + " but " + weight + ".dim(1)=" + w.dim(1));
        }
        if (bias && (c.shape(2).rank() != 1 || c.shape(2).dim(0) != w.dim(0))) {
            String weight = c.inName(1);
            throw c.fail(c.inName(2) + " " + c.shape(2) + " and " + weight + " " + w + " disagree: " + c.inName(2)
                    + ".dim(0) must be " + weight + ".dim(0)=" + w.dim(0));
        }
        Shape y = x.with(-1, w.dim(0));
        if (residual && !c.shape(residualAt()).equals(y)) {
            throw c.fail(
                    "residual " + c.shape(residualAt()) + " and the result " + y + " disagree; they must be equal");
        }
        return y;
    }

    @Override
    public boolean differentiable() {
        return activation == null || activation.differentiable();
    }

    @Override
    public boolean readsInput(int i) {
        return i < 2;
    }

    @Override
    public boolean readsOutput(int o) {
        return activation != null && (o == 1 || activation.row().readsOutput());
    }

    @Override
    public void forward(Call c) {
        long m = MatmulOp.rows(c.shape(0));
        long n = c.shape(1).dim(0);
        long k = c.shape(1).dim(1);
        long packed = c.packed(1, n, k);
        long scratch = packed == 0 ? c.scratch(Native.linearScratch(m, n, k)) : 0;
        c.begin(Kernel.LINEAR)
                .at(c.in(0))
                .at(packed == 0 ? c.in(1) : 0)
                .at(packed)
                .at(bias ? c.in(2) : 0)
                .at(residual ? c.in(residualAt()) : 0)
                .at(keepsPre() ? c.out(1) : 0)
                .at(c.out(0))
                .put(m)
                .put(n)
                .put(k)
                .put(activation == null ? -1 : activation.row().ordinal())
                .put(activation == null ? 0f : activation.p0())
                .put(activation == null ? 0f : activation.p1())
                .at(scratch)
                .run();
    }

    @Override
    public void backward(Grad g) {
        long m = MatmulOp.rows(g.shape(0));
        long n = g.shape(1).dim(0);
        long k = g.shape(1).dim(1);
        long dy;
        if (activation == null) {
            dy = g.dout(0);
        } else {
            dy = g.doutOwned(0);
            Unary row = activation.row();
            activation.grad(g, keepsPre() ? g.out(1) : 0, row.readsOutput() ? g.out(0) : 0, dy, dy, m * n, false);
        }
        if (g.wants(0)) {
            long w = g.in(1);
            long dx = g.din(0);
            MatmulOp.gemm(g, 0, 0, dy, w, dx, m, k, n, g.adds());
        }
        if (g.wants(1)) {
            long x = g.in(0);
            long dw = g.din(1);
            MatmulOp.gemm(g, 1, 0, dy, x, dw, n, k, m, g.adds());
        }
        if (bias && g.wants(2)) {
            long db = g.din(2);
            ReduceOp.step(g, ReduceOp.Kind.SUM.kernel, dy, 0, db, new long[] {1, m, n}, 1, g.adds());
        }
        if (residual && g.wants(residualAt())) {
            long dr = g.din(residualAt());
            g.carry(dy, dr, m * n);
        }
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[0].size() * in[1].dim(0);
    }
}
