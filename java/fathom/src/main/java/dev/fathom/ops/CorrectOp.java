package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/** The I32 number of rows of x [.., classes] whose first largest value is at their label. */
public record CorrectOp() implements CountingOp {
    public static final CorrectOp INSTANCE = new CorrectOp();

    @Override
    public Shape shape(Call c, int output) {
        CrossEntropyOp.checkRows(c);
        return Shape.SCALAR;
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.F32 : DType.I32;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.CORRECT)
                .at(c.in(0), c.in(1), c.out(0))
                .put(c.shape(1).size(), c.shape(0).dim(-1))
                .run();
    }
}
