package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * A single number computed from (output, target), where less is better. It is the mean over the batch, as in PyTorch by default, unless {@link #sums}
 * says otherwise. A lambda is a loss, and losses add up: {@code (y, t) -> Loss.l1().of(y, t).add(Loss.mse().of(y, t))}.
 */
@FunctionalInterface
public interface Loss {
    /** Computes the loss as a scalar tensor. */
    Tensor of(Tensor output, Tensor target);

    /**
     * Returns whether the loss is the sum over the examples of a batch instead of their mean. A trainer shows the mean in both cases, but the
     * gradient of a sum grows with the batch.
     */
    default boolean sums() {
        return false;
    }

    /** Returns the cross-entropy of logits [.., classes] with class numbers or probabilities. */
    static CrossEntropy crossEntropy() {
        return new CrossEntropy(0, null);
    }

    /** Returns the loss of connectionist temporal classification of logits [n, steps, classes] with labels [n, length], whose blank is class 0. */
    static CtcLoss ctc() {
        return new CtcLoss(0, false, false);
    }

    /** Returns the binary cross-entropy of logits with targets in [0, 1]. */
    static BceWithLogits bceWithLogits() {
        return new BceWithLogits(null);
    }

    /**
     * Returns the mean of (y - t)^2 over all elements. The loss throws IllegalArgumentException where the shapes of y and t differ.
     */
    static Loss mse() {
        return new ElementwiseLoss("mse", (y, t) -> y.sub(t).square(), false);
    }

    /** Returns the sum of (y - t)^2 over all elements. The loss throws IllegalArgumentException where the shapes of y and t differ. */
    static Loss sse() {
        return new ElementwiseLoss("sse", (y, t) -> y.sub(t).square(), true);
    }

    /**
     * Returns the mean of |y - t| over all elements, whose slope at 0 is 0. The loss throws IllegalArgumentException where the shapes of y and t
     * differ.
     */
    static Loss l1() {
        return new ElementwiseLoss("l1", (y, t) -> y.sub(t).abs(), false);
    }

    /**
     * Returns the mean over all elements of d^2 / 2 where |d| &lt;= delta, and of delta (|d| - delta / 2) elsewhere, with d = y - t (Huber 1964;
     * PyTorch's HuberLoss). With delta 1 it is smooth L1. The loss throws IllegalArgumentException where the shapes of y and t differ.
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
