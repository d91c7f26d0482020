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

    /**
     * Mean of (y - t)^2 over all elements; the loss throws IllegalArgumentException where the shapes of y and t differ.
     */
    static Loss mse() {
        return (y, t) -> {
            mustMatch("mse", y, t);
            return y.sub(t).square().mean();
        };
    }

    /**
     * Mean of binary cross-entropy over all elements, of logits against targets in [0, 1]; the loss throws IllegalArgumentException where the
     * shapes differ.
     */
    static Loss bceWithLogits() {
        return (y, t) -> {
            mustMatch("bceWithLogits", y, t);
            return y.bceWithLogits(t).mean();
        };
    }

    /** Broadcasting [n, 1] against [n] would quietly take the mean over all n n pairs. */
    private static void mustMatch(String loss, Tensor y, Tensor t) {
        if (!y.shape().equals(t.shape())) {
            throw new IllegalArgumentException(loss + ": output " + y.shape() + " and target " + t.shape()
                    + " differ; reshape one, so that each output has its target");
        }
    }
}
