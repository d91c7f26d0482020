package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A product or normalization that only one node reads, and which is computed there: its kernel adds what that node adds,
 * and applies the activation that follows.
 */
record Pending(boolean last, @Nullable Tensor residual, Kernel kernel) {
    /** What the kernel computes: act(product + residual), without what is null. */
    interface Kernel {
        Tensor of(@Nullable Tensor residual, @Nullable Activation activation);
    }

    Held end(@Nullable Activation activation) {
        return new Held(kernel.of(residual, activation), ElementType.FLOAT, last);
    }
}
