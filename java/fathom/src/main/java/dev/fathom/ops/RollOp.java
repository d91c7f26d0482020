package dev.fathom.ops;

import dev.fathom.op.Call;

/** y[i] = x[(i - shift) mod n] along a dimension of n places: what leaves at one end comes back at the other. */
public record RollOp(int axis, int shift) implements ReversibleOp {
    /**
     * Puts the last {@code shift} places in front of the others, or as many of the first behind them on the way back.
     */
    @Override
    public void pass(Call c, long x, long y, long outer, long n, long inner, boolean back, boolean add) {
        long all = n * inner;
        long width = c.dtype(0).bytes();
        long front = Math.floorMod(back ? -(long) shift : shift, n) * inner;
        ConcatOp.copyRows(c, x, all, y + width * front, all, outer, all - front, add);
        if (front > 0) {
            ConcatOp.copyRows(c, x + width * (all - front), all, y, all, outer, front, add);
        }
    }
}
