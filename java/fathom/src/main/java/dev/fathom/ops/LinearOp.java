package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/** y [.., n] = act((x [.., k] W [n, k]^T + b [n]) + residual [.., n]), in one kernel. */
public record LinearOp(@Nullable Activation activation) implements Epilogue {
    private static final LinearOp PLAIN = new LinearOp(null);

    public static LinearOp of(@Nullable Activation activation) {
        return activation == null ? PLAIN : new LinearOp(activation);
    }

    @Override
    public Op with(@Nullable Activation end) {
        return of(end);
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
                    + (x.rank() < 1 ? "none" : x.dim(-1)) + " but " + weight + ".dim(1)=" + w.dim(1)
                    + (x.rank() > 2 && x.size(1, x.rank()) == w.dim(1)
                            ? "; make x [" + x.dim(0) + ", " + w.dim(1) + "], as new Flatten() does"
                            : ""));
        }
        return checked(c, x.with(-1, w.dim(0)));
    }

    @Override
    public void forward(Call c) {
        long m = MatmulOp.rows(c.shape(0));
        long n = c.shape(1).dim(0);
        long k = c.shape(1).dim(1);
        long packed = c.packed(1, Kernel.LINEAR_PACK, n, k);
        c.begin(Kernel.LINEAR).at(c.in(0), packed == 0 ? c.in(1) : 0, packed);
        putAddresses(c).put(m, n, k);
        putActivation(c).run();
    }

    @Override
    public void backward(Grad g) {
        long m = MatmulOp.rows(g.shape(0));
        long n = g.shape(1).dim(0);
        long k = g.shape(1).dim(1);
        long dy = gradient(g);
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
        backwardBias(g, dy);
        backwardResidual(g, dy);
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[0].size() * in[1].dim(0);
    }
}
