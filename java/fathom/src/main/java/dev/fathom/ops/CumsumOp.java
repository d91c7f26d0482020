package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * y = the sums of x along a dimension up to and with each place, added one after the other; dx the sums of dy from each
 * place on. Sums of I32 wrap around.
 */
public record CumsumOp(int axis) implements ReversibleOp {
    @Override
    public Shape shape(Call c, int output) {
        MoveOp.words(c);
        return c.shape(0);
    }

    @Override
    public void pass(Call c, long x, long y, long outer, long n, long inner, boolean back, boolean add) {
        c.begin(Kernel.CUMSUM).put(c.dtype(0) == DType.I32 ? 1 : 0).at(x, y);
        c.put(outer, n, inner, back ? 1 : 0, add ? 1 : 0).run();
    }
}
