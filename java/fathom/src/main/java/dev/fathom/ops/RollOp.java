package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/** y[i] = x[(i - shift) mod n] along a dimension of n places: what leaves at one end comes back at the other. */
public record RollOp(int axis, int shift) implements MoveOp {
    @Override
    public String label() {
        return "roll";
    }

    @Override
    public Shape shape(Call c, int output) {
        MoveOp.words(c, 1);
        return c.shape(0);
    }

    @Override
    public void forward(Call c) {
        roll(c, c.in(0), c.out(0), shift, false);
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        roll(g, dy, dx, -(long) shift, g.adds());
    }

    /** y (+)= x, its last {@code by} places in front of the others. */
    private void roll(Call c, long x, long y, long by, boolean add) {
        Shape shape = c.shape(0);
        if (shape.size() == 0) {
            return;
        }
        long inner = shape.size(axis + 1, shape.rank());
        long all = shape.dim(axis) * inner;
        long front = Math.floorMod(by, (long) shape.dim(axis)) * inner;
        long outer = shape.size(0, axis);
        ConcatOp.copyRows(c, x, all, y + 4 * front, all, outer, all - front, add);
        if (front > 0) {
            ConcatOp.copyRows(c, x + 4 * (all - front), all, y, all, outer, front, add);
        }
    }
}
