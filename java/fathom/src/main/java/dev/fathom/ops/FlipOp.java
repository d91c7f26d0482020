package dev.fathom.ops;

import dev.fathom.op.Call;

/** y = x with the places of a dimension in reverse order. */
public record FlipOp(int axis) implements ReversibleOp {
    /** Reads x from the last place to the first, which is the same both ways. */
    @Override
    public void pass(Call c, long x, long y, long outer, long n, long inner, boolean back, boolean add) {
        long all = n * inner;
        long last = x + c.dtype(0).bytes() * (all - inner);
        ConcatOp.copyRows(c, last, all, -inner, y, all, inner, outer, n, inner, add);
    }
}
