package dev.fathom.ops;

import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * y [a, size, b] = zeros, to which x [a, i.., b] is added at the places that the I32 index [i..] names, in its order;
 * -1 is the last. Sums of I32 wrap around.
 */
public record IndexAddOp(int axis, int size) implements IndexedOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape index = c.shape(1);
        MoveOp.words(c);
        if (size < 0) {
            throw c.fail("size=" + size + " is how many places the result has; give 0 or more");
        }
        if (axis + index.rank() > x.rank()) {
            throw c.fail("x " + x + " has " + (x.rank() - axis) + " dimensions from " + axis + " on but index " + index
                    + " has " + index.rank() + "; give an index for those dimensions of x");
        }
        for (int i = 0; i < index.rank(); i++) {
            if (x.dim(axis + i) != index.dim(i)) {
                throw c.fail("x " + x + " and index " + index + " disagree: x.dim(" + (axis + i) + ")="
                        + x.dim(axis + i) + " but index.dim(" + i + ")=" + index.dim(i) + "; they must be equal");
            }
        }
        int[] dims = new int[x.rank() - index.rank() + 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < axis ? x.dim(i) : i == axis ? size : x.dim(i + index.rank() - 1);
        }
        return Shape.of(dims);
    }

    @Override
    public void forward(Call c) {
        Shape y = c.outShape(0);
        long places = c.shape(1).size();
        c.fill(c.out(0), y.size());
        IndexedOp.scatterAdd(c, c.in(0), c.in(1), c.out(0), y.size(0, axis), size, places, y.size(axis + 1, y.rank()));
    }

    @Override
    public void backward(Grad g) {
        Shape y = g.outShape(0);
        long index = g.in(1);
        long dy = g.dout(0);
        long places = g.shape(1).size();
        g.through(
                0,
                dx -> IndexedOp.gather(
                        g, dy, index, true, dx, y.size(0, axis), size, places, y.size(axis + 1, y.rank())));
    }

    @Override
    public String refusal(KernelException e) {
        return IndexedOp.outside(e);
    }
}
