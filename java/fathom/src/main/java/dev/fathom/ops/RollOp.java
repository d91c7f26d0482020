package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Shape;

/** y[i] = x[(i - shift) mod n] along a dimension of n places: what leaves at one end comes back at the other. */
public record RollOp(int axis, int shift) implements MoveOp, ReversibleOp {
    @Override
    public String label() {
        return "roll";
    }

    @Override
    public Shape shape(Call c, int output) {
        MoveOp.words(c, 1);
        return c.shape(0);
    }

    /**
     * Puts the last {@code shift} places in front of the others, or as many of the first behind them on the way back.
     */
    @Override
    public void pass(Call c, long x, long y, boolean back, boolean add) {
        Shape shape = c.shape(0);
        if (shape.size() == 0) {
            return;
        }
        long inner = shape.size(axis + 1, shape.rank());
        long all = shape.dim(axis) * inner;
        long front = Math.floorMod(back ? -(long) shift : shift, (long) shape.dim(axis)) * inner;
        long outer = shape.size(0, axis);
        ConcatOp.copyRows(c, x, all, y + 4 * front, all, outer, all - front, add);
        if (front > 0) {
            ConcatOp.copyRows(c, x + 4 * (all - front), all, y, all, outer, front, add);
        }
    }
}
