package dev.fathom.onnx;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.ops.BlindOp;
import dev.fathom.ops.CountingOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The whole numbers from 1 to {@code count}. Of its input it reads nothing: since that is an input of the graph, a plan
 * takes this for a call of its own, which makes as many numbers as its sizes ask for, and not for a constant.
 */
record CountOp(int count) implements CountingOp, BlindOp {
    /** The whole numbers from 0 on. */
    static Tensor from0(int count, Tensor witness) {
        return Pass.apply(new CountOp(count), witness).sub(1);
    }

    @Override
    public Shape shape(Call c, int output) {
        return Shape.of(count);
    }

    @Override
    public @Nullable DType takes(int i) {
        return null;
    }

    @Override
    public void forward(Call c) {
        if (count == 0) {
            return;
        }
        long ones = c.scratch(4L * count);
        c.begin(Kernel.FILL).at(ones).put(count).put(Float.intBitsToFloat(1)).run(); // the bits of a whole 1
        c.begin(Kernel.CUMSUM).put(1).at(ones, c.out(0)).put(1, count, 1, 0, 0).run();
    }
}
