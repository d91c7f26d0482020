package dev.fathom.ops;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * {@link LinearOp} in a plan that multiplies bytes: W [n, k] is stored as the kernel INT8_PACK makes it, and each row
 * of x is rounded to bytes with a scale of its own.
 *
 * @param n outputs
 * @param k inputs
 */
public record Int8LinearOp(int n, int k, @Nullable Activation activation) implements PackedLinear {
    @Override
    public Op with(@Nullable Activation end) {
        return new Int8LinearOp(n, k, end);
    }

    @Override
    public DType type() {
        return DType.I8;
    }

    @Override
    public Call begin(Call c) {
        return c.begin(Kernel.LINEAR_INT8);
    }

    @Override
    public void checkPacked(Call c) {
        checkPacked(c, n, k, 1);
    }

    /** Refuses bytes that are not those of a matrix of these sizes. */
    static void checkPacked(Call c, long n, long k, long runs) {
        long bytes = Native.int8Bytes(n, k, runs);
        if (n < 1 || k < 1 || !c.shape(1).equals(Shape.of((int) Math.min(bytes, Integer.MAX_VALUE)))) {
            throw c.fail(c.inName(1) + " " + c.shape(1) + " must be the " + bytes + " bytes of a matrix of " + n
                    + " by " + k + " in " + runs + " runs");
        }
    }
}
