package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/** y = x as another type, as Java's cast: F32 to I32 goes toward 0 and saturates, NaN becomes 0. No gradient flows. */
public record CastOp(DType from, DType to) implements Op {
    @Override
    public String label() {
        return "cast";
    }

    @Override
    public Shape shape(Call c, int output) {
        if (to == DType.U8) {
            throw c.fail("x " + c.shape(0) + " is " + from + " and cannot become U8; choose F32 or I32");
        }
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
        int kind = from == DType.F32 ? 0 : from == DType.I32 ? 1 : to == DType.F32 ? 2 : 3;
        c.begin(Kernel.CAST)
                .put(kind)
                .at(c.in(0))
                .at(c.out(0))
                .put(c.shape(0).size())
                .run();
    }
}
