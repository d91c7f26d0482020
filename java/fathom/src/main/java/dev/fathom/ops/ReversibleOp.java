package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * A linear op of one input whose result has the same shape, and whose gradient goes back the same way in the other
 * direction.
 */
interface ReversibleOp extends BlindOp {
    /** y (+)= the op of x, or with {@code back} what flows back through it. */
    void pass(Call c, long x, long y, boolean back, boolean add);

    @Override
    default Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    default void forward(Call c) {
        pass(c, c.in(0), c.out(0), false, false);
    }

    @Override
    default void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        pass(g, dy, dx, true, g.adds());
    }
}
