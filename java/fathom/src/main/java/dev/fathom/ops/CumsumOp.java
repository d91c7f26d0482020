package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Shape;

/**
 * y = the sums of x along a dimension up to and with each place, added one after the other; dx the sums of dy from each
 * place on.
 */
public record CumsumOp(int axis) implements ReversibleOp {
    @Override
    public String label() {
        return "cumsum";
    }

    @Override
    public void pass(Call c, long x, long y, boolean back, boolean add) {
        Shape shape = c.shape(0);
        c.begin(Kernel.CUMSUM)
                .at(x)
                .at(y)
                .put(shape.size(0, axis))
                .put(shape.dim(axis))
                .put(shape.size(axis + 1, shape.rank()))
                .put(back ? 1 : 0)
                .put(add ? 1 : 0)
                .run();
    }
}
