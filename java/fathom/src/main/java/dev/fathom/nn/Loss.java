package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * A single number from (output, target), the smaller the better: the mean over the batch, as PyTorch has it by default, unless {@link #sums} says
 * otherwise. A lambda is a loss, and losses add: {@code (y, t) -> Loss.l1().of(y, t).add(Loss.mse().of(y, t))}.
 */
@FunctionalInterface
public interface Loss {
    /** The loss as a scalar tensor. */
    Tensor of(Tensor output, Tensor target);

    /**
     * Whether it is the sum over the examples of a batch rather than their mean. A trainer shows the mean of either; a sum's gradient grows with
     * the batch.
     */
    default boolean sums() {
        return false;
    }

    /** Cross-entropy of logits [.., classes] with class numbers or probabilities. */
    static CrossEntropy crossEntropy() {
        return new CrossEntropy(0, null);
    }

    /** Binary cross-entropy of logits with targets in [0, 1]. */
    static BceWithLogits bceWithLogits() {
        return new BceWithLogits(null);
    }

    /**
     * Mean of (y - t)^2 over all elements; this loss and those below throw IllegalArgumentException where the shapes of y and t differ.
     */
    static Loss mse() {
        return new ElementwiseLoss("mse", (y, t) -> y.sub(t).square(), false);
    }

    /** Sum of (y - t)^2 over all elements. */
    static Loss sse() {
        return new ElementwiseLoss("sse", (y, t) -> y.sub(t).square(), true);
    }

    /** Mean of |y - t| over all elements; its slope at 0 is 0. */
    static Loss l1() {
        return new ElementwiseLoss("l1", (y, t) -> y.sub(t).abs(), false);
    }

    /**
     * Mean over all elements of d^2 / 2 where |d| &lt;= delta, else delta (|d| - delta / 2), with d = y - t (Huber 1964; PyTorch's HuberLoss). Smooth L1
     * is this with delta 1.
     *
     * @throws IllegalArgumentException if delta is not positive and finite
     */
    static Loss huber(float delta) {
        if (!(delta > 0 && delta < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("huber: delta=" + delta + " must be above 0 and finite");
        }
        return new ElementwiseLoss("huber", (y, t) -> y.sub(t).huber(delta), false);
    }
}
