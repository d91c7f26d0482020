package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A product or normalization that only one node reads, and which is computed there: its kernel adds what that node
 * adds, and applies the activation that follows.
 *
 * @param node whose product it is
 * @param dims the dimensions of what is computed, as the graph has them
 * @param last whether its channels are its last dimension, where the graph has them at dimension 1
 * @param takesBias whether a vector may still become its bias
 */
record Pending(
        Node node,
        int[] dims,
        boolean last,
        boolean takesBias,
        @Nullable Operand bias,
        @Nullable Tensor residual,
        Kernel kernel)
        implements Deferred {
    /** What the kernel computes: act((product + bias) + residual), without what is null. */
    interface Kernel {
        Tensor of(@Nullable Operand bias, @Nullable Tensor residual, @Nullable Activation activation);
    }

    @Override
    public Held held() {
        return end(null);
    }

    Held end(@Nullable Activation activation) {
        try {
            Tensor y = kernel.of(bias, residual, activation);
            return last ? Held.ofLast(y, ElementType.FLOAT) : Held.of(y, ElementType.FLOAT);
        } catch (IllegalArgumentException e) {
            throw new NodeException(node, e);
        }
    }

    Pending withBias(Operand added) {
        return new Pending(node, dims, last, false, added, residual, kernel);
    }

    Pending withResidual(Tensor added) {
        return new Pending(node, dims, last, false, bias, added, kernel);
    }
}
