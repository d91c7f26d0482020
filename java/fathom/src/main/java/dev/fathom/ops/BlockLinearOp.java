package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import org.jspecify.annotations.Nullable;

/**
 * {@link LinearOp} in a plan that stores W [n, k] in blocks.
 *
 * @param products whether x is rounded as well, each block of 32 neighbors to bytes with a scale of its own
 * @param n outputs
 * @param k inputs
 */
public record BlockLinearOp(
        BlockFormat format,
        boolean products,
        int n,
        int k,
        @Nullable Activation activation) implements PackedLinear {
    @Override
    public Op with(@Nullable Activation end) {
        return new BlockLinearOp(format, products, n, k, end);
    }

    @Override
    public DType type() {
        return DType.I8;
    }

    @Override
    public Call begin(Call c) {
        return c.begin(products ? Kernel.LINEAR_BLOCKS_INT8 : Kernel.LINEAR_BLOCKS)
                .put(format.kind);
    }

    @Override
    public void checkPacked(Call c) {
        format.check(c, 1, n, k);
    }
}
