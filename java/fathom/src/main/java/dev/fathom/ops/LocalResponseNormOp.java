package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * y = x / d^beta, d = k + alpha / size * the sum of x^2 over the channels c - size / 2 to c + (size - 1) / 2 that there
 * are; channels are the last dimension. The second result is d, for backward.
 */
public record LocalResponseNormOp(int size, float alpha, float beta, float k) implements SavingOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (x.rank() < 1) {
            throw c.fail("x " + x + " has no channels; give [.., channels]");
        }
        if (size < 1) {
            throw c.fail("size=" + size + " is the number of channels in a sum and must be at least 1");
        }
        return x;
    }

    private static long rows(Shape x) {
        return x.size(0, x.rank() - 1);
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        c.begin(Kernel.LOCAL_RESPONSE)
                .at(c.in(0), c.out(1), c.out(0))
                .put(rows(x), x.dim(-1), size)
                .put(alpha);
        c.put(beta).put(k).run();
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long dy = g.dout(0);
        long dx = g.din(0);
        boolean add = g.adds();
        g.begin(Kernel.LOCAL_RESPONSE_GRAD)
                .at(g.in(0), g.out(1), dy, dx)
                .put(rows(x), x.dim(-1), size)
                .put(alpha);
        g.put(beta).put(add ? 1 : 0).run();
    }
}
