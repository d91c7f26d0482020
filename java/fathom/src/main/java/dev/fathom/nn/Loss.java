package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/** A single number from (output, target), the smaller the better; the mean over the batch, as PyTorch has it. */
@FunctionalInterface
public interface Loss {
    /** The loss as a scalar tensor. */
    Tensor of(Tensor output, Tensor target);

    /** Mean of logsumexp(x) - x[label] for logits [.., classes] and I32 labels [..]. */
    static Loss crossEntropy() {
        return Tensor::crossEntropy;
    }

    /** Mean of (y - t)^2 over all elements. */
    static Loss mse() {
        return (y, t) -> y.sub(t).square().mean();
    }

    /** Mean of binary cross-entropy over all elements, of logits against targets in [0, 1]. */
    static Loss bceWithLogits() {
        return (y, t) -> y.bceWithLogits(t).mean();
    }
}
