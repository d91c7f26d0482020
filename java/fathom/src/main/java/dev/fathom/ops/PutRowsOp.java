package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * y = x [n, size, ..], where the rows of y[b] from past[b] on are those of added [n, rows, ..]. Inputs: x, added, and
 * the I32 past [n]. The kernel lets y take the memory of x, and then writes the added rows alone. It is for caches of
 * generation and has no gradient.
 */
public record PutRowsOp() implements Op {
    public static final PutRowsOp INSTANCE = new PutRowsOp();

    @Override
    public @Nullable DType takes(int i) {
        return i == 2 ? DType.I32 : DType.F32;
    }

    @Override
    public int inPlaceOf(int output) {
        return 0;
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape added = c.shape(1);
        if (x.rank() < 2 || added.rank() != x.rank() || !added.with(1, x.dim(1)).equals(x)) {
            throw c.fail("x " + x + " and added " + added + " disagree: all dimensions but the second must be equal");
        }
        if (added.dim(1) > x.dim(1)) {
            throw c.fail("x " + x + " has room for " + x.dim(1) + " rows but " + added.dim(1) + " are added " + added
                    + "; make room for more");
        }
        if (!c.shape(2).equals(Shape.of(x.dim(0)))) {
            throw c.fail("past " + c.shape(2) + " must be [" + x.dim(0) + "], a place for each row of x " + x);
        }
        return x;
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        c.begin(Kernel.PUT_ROWS).at(c.in(0), c.in(1), c.in(2), c.out(0));
        c.put(x.dim(0), x.dim(1), c.shape(1).dim(1), x.size(2, x.rank())).run();
    }
}
