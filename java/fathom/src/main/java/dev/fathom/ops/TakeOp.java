package dev.fathom.ops;

import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/** y [a, i.., b] = x [a, n, b] at the places of dimension n that the I32 index [i..] names, of which -1 is the last. */
public record TakeOp(int axis) implements IndexedOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape index = c.shape(1);
        int rank = x.rank() - 1 + index.rank();
        if (rank > Shape.MAX_RANK) {
            throw c.fail("x " + x + " and index " + index + " make " + rank + " dimensions but " + Shape.MAX_RANK
                    + " are the most; flatten the index");
        }
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            int at = i - axis;
            dims[i] = at < 0 ? x.dim(i) : at < index.rank() ? index.dim(at) : x.dim(i - index.rank() + 1);
        }
        return Shape.of(dims);
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        long places = c.shape(1).size();
        long inner = x.size(axis + 1, x.rank());
        IndexedOp.gather(c, c.in(0), c.in(1), true, c.out(0), x.size(0, axis), x.dim(axis), places, inner);
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long index = g.in(1);
        long dy = g.dout(0);
        long dx = axis == 0 ? g.dinRows(0, 1, -1, NO_PADDING) : g.din(0);
        g.clear(0, dx);
        long places = g.shape(1).size();
        IndexedOp.scatterAdd(g, dy, index, dx, x.size(0, axis), x.dim(axis), places, x.size(axis + 1, x.rank()));
    }

    @Override
    public String refusal(KernelException e) {
        return IndexedOp.outside(e);
    }
}
