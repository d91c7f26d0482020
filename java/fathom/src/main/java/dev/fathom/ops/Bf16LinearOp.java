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
 * {@link LinearOp} in a plan that multiplies numbers of bfloat16: W [n, k] is stored as the kernel BF16_PACK makes it,
 * and x is rounded likewise.
 *
 * @param n outputs
 * @param k inputs
 */
public record Bf16LinearOp(int n, int k, @Nullable Activation activation) implements PackedLinear {
    @Override
    public Op with(@Nullable Activation end) {
        return new Bf16LinearOp(n, k, end);
    }

    @Override
    public DType type() {
        return DType.BF16;
    }

    @Override
    public Call begin(Call c) {
        return c.begin(Kernel.LINEAR_BF16);
    }

    @Override
    public void checkPacked(Call c) {
        long numbers = Native.bf16Bytes(n, k) / 2;
        if (n < 1 || k < 1 || !c.shape(1).equals(Shape.of((int) Math.min(numbers, Integer.MAX_VALUE)))) {
            throw c.fail(c.inName(1) + " " + c.shape(1) + " must be the " + numbers + " numbers of a matrix of " + n
                    + " by " + k);
        }
    }
}
