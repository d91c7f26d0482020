package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y = x as another type. Floats become integers toward 0, numbers outside an integer type become its nearest one, and
 * NaN becomes 0. Other numbers are rounded to the nearest, of two the even one. No gradient flows.
 */
public record CastOp(DType from, DType to) implements Op {
    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public DType dtype(Call c, int output) {
        return to;
    }

    @Override
    public DType takes(int i) {
        return from;
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.CAST)
                .put(from.ordinal(), to.ordinal())
                .at(c.in(0), c.out(0))
                .put(c.shape(0).size())
                .run();
    }
}
