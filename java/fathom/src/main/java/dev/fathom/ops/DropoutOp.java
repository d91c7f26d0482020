package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * y = keep(x) ? x scale : 0, dropped with probability p (Srivastava et al. 2014). No mask is stored: backward draws it
 * again from the same seed and counter.
 */
public record DropoutOp(float p, float scale, long seed, long counter) implements BlindOp {
    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public void forward(Call c) {
        run(c, c.in(0), c.out(0), c.shape(0).size(), false);
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.dinReusing(0);
        run(g, dy, dx, g.shape(0).size(), g.adds());
    }

    private void run(Call c, long from, long to, long n, boolean add) {
        c.begin(Kernel.DROPOUT)
                .at(from, to)
                .put(n)
                .put(p)
                .put(scale)
                .put(seed, counter, add ? 1 : 0)
                .run();
    }
}
