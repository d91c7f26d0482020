package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * A linear op along one dimension of its input, whose result has the same shape, and whose gradient goes back the same
 * way in the other direction.
 */
interface ReversibleOp extends MoveOp {
    int axis();

    /** y (+)= the op of x [outer, n, inner], or with {@code back} what flows back through it. */
    void pass(Call c, long x, long y, long outer, long n, long inner, boolean back, boolean add);

    private void pass(Call c, long x, long y, boolean back, boolean add) {
        Shape s = c.shape(0);
        if (s.size() > 0) {
            pass(c, x, y, s.size(0, axis()), s.dim(axis()), s.size(axis() + 1, s.rank()), back, add);
        }
    }

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
