package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Shape;

/** The I32 number of elements that are NaN or infinite. */
public record NonfiniteOp() implements CountingOp {
    public static final NonfiniteOp INSTANCE = new NonfiniteOp();

    @Override
    public Shape shape(Call c, int output) {
        return Shape.SCALAR;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.NONFINITE)
                .at(c.in(0))
                .put(c.shape(0).size())
                .at(c.out(0))
                .run();
    }
}
