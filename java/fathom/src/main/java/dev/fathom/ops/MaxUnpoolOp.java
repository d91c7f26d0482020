package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * y [n, size.., c] of zeros, but y[n, index[n, i, c], c] = x[n, i, c]: undoes a max pooling whose places the I32 index
 * holds. Of values with one place the last one stays; each gets the gradient of the place.
 *
 * @param size the dimensions between the first and the last of y
 */
public record MaxUnpoolOp(Shape size) implements IndexedOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        MoveOp.words(c);
        if (x.rank() != size.rank() + 2) {
            throw c.fail("x " + x + " has " + x.rank() + " dimensions but the sizes " + size + " need "
                    + (size.rank() + 2) + "; give one for each dimension between the first and the last");
        }
        if (!c.shape(1).equals(x)) {
            throw c.fail(
                    "x " + x + " and index " + c.shape(1) + " disagree; they must be equal: give each value its place");
        }
        int[] dims = x.toArray();
        for (int i = 0; i < size.rank(); i++) {
            dims[i + 1] = size.dim(i);
        }
        return Shape.of(dims);
    }

    @Override
    public void forward(Call c) {
        sizes(c.begin(Kernel.UNPOOL).at(c.in(0), c.in(1), c.out(0)), c.shape(0)).run();
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        sizes(g.begin(Kernel.UNPOOL_GRAD).at(dy, g.in(1), dx), g.shape(0))
                .put(g.adds() ? 1 : 0)
                .run();
    }

    private Call sizes(Call c, Shape x) {
        return c.put(x.dim(0), x.size(1, x.rank() - 1), size.size(), x.dim(-1));
    }
}
