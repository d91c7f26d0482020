package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import java.util.Arrays;

/** y [.., dim] = rows of a table [rows, dim] at the I32 numbers [..], none of which is negative. */
public interface RowsOp extends IndexedOp {
    /** The number whose row gets no gradient, or one that no row has. */
    default long padding() {
        return NO_PADDING;
    }

    @Override
    default Shape shape(Call c, int output) {
        return vectors(c, table(c).dim(1));
    }

    /** A row of so many numbers for each token. */
    static Shape vectors(Call c, int dim) {
        Shape tokens = c.shape(1);
        if (tokens.rank() == Shape.MAX_RANK) {
            throw c.fail("tokens " + tokens + " and their vectors make " + (Shape.MAX_RANK + 1) + " dimensions but "
                    + Shape.MAX_RANK + " are the most; flatten the tokens");
        }
        int[] dims = Arrays.copyOf(tokens.toArray(), tokens.rank() + 1);
        dims[tokens.rank()] = dim;
        return Shape.of(dims);
    }

    /** Input 0, a row for each token. */
    static Shape table(Call c) {
        Shape w = c.shape(0);
        if (w.rank() != 2) {
            throw c.fail(c.inName(0) + " " + w + " is no table; give [vocabulary, dim], a row for each token");
        }
        return w;
    }

    @Override
    default void forward(Call c) {
        Shape w = c.shape(0);
        IndexedOp.gather(
                c, c.in(0), c.in(1), false, c.out(0), 1, w.dim(0), c.shape(1).size(), w.dim(1));
    }

    @Override
    default void backward(Grad g) {
        IndexedOp.addRows(g, g.dout(0), -1, -1, g.shape(1).size(), 1, padding());
    }
}
