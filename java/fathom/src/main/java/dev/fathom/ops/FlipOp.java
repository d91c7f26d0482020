package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Shape;

/** y = x with the places of a dimension in reverse order. */
public record FlipOp(int axis) implements MoveOp, ReversibleOp {
    @Override
    public String label() {
        return "flip";
    }

    @Override
    public Shape shape(Call c, int output) {
        MoveOp.words(c, 1);
        return c.shape(0);
    }

    /** Reads x from the last place to the first, which is the same both ways. */
    @Override
    public void pass(Call c, long x, long y, boolean back, boolean add) {
        Shape shape = c.shape(0);
        if (shape.size() == 0) {
            return;
        }
        long inner = shape.size(axis + 1, shape.rank());
        long all = shape.dim(axis) * inner;
        long last = x + 4 * (all - inner);
        ConcatOp.copyRows(c, last, all, -inner, y, all, inner, shape.size(0, axis), shape.dim(axis), inner, add);
    }
}
