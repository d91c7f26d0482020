package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y = x as another type. Floats become integers toward 0, numbers outside the type become its nearest one, and NaN
 * becomes 0. No gradient flows.
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
        int kind = switch (from) {
            case F32 -> to == DType.I32 ? Kernel.FLOATS_TO_INTS : Kernel.FLOATS_TO_BYTES;
            case I32 -> to == DType.F32 ? Kernel.INTS_TO_FLOATS : Kernel.INTS_TO_BYTES;
            case U8 -> to == DType.F32 ? Kernel.BYTES_TO_FLOATS : Kernel.BYTES_TO_INTS;
        };
        c.begin(Kernel.CAST)
                .put(kind)
                .at(c.in(0), c.out(0))
                .put(c.shape(0).size())
                .run();
    }
}
