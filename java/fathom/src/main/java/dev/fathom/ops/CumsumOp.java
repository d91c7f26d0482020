package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/** y = the sums of x along a dimension up to and with each place, added one after the other; dx the sums of dy from each place on. */
public record CumsumOp(int axis) implements BlindOp {
    @Override
    public String label() {
        return "cumsum";
    }

    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public void forward(Call c) {
        sums(c, c.in(0), c.out(0), false, false);
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        sums(g, dy, dx, true, g.adds());
    }

    private void sums(Call c, long x, long y, boolean reverse, boolean add) {
        Shape shape = c.shape(0);
        c.begin(Kernel.CUMSUM)
                .at(x)
                .at(y)
                .put(shape.size(0, axis))
                .put(shape.dim(axis))
                .put(shape.size(axis + 1, shape.rank()))
                .put(reverse ? 1 : 0)
                .put(add ? 1 : 0)
                .run();
    }
}
