package dev.fathom.onnx;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.ops.BlindOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The bits of elements of four bytes as those of another type. */
record BitsOp(DType to) implements BlindOp {
    BitsOp {
        if (!to.computes()) {
            throw new IllegalArgumentException("bits: " + to + " has not four bytes; choose F32 or I32");
        }
    }

    /** The bits of floats as whole numbers. */
    static Tensor whole(Tensor x) {
        return Pass.apply(new BitsOp(DType.I32), x);
    }

    /** Whole numbers as the bits of floats. */
    static Tensor real(Tensor x) {
        return Pass.apply(new BitsOp(DType.F32), x);
    }

    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public DType dtype(Call c, int output) {
        return to;
    }

    @Override
    public @Nullable DType takes(int i) {
        return to == DType.I32 ? DType.F32 : DType.I32;
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public void forward(Call c) {
        if (c.shape(0).size() > 0) {
            c.begin(Kernel.COPY)
                    .at(c.in(0), c.out(0))
                    .put(Integer.BYTES * c.shape(0).size())
                    .run();
        }
    }
}
