package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Mean of -sum q log softmax(x) over the rows of logits x [.., classes], as PyTorch's CrossEntropyLoss. Targets are I32 class numbers [..], or F32
 * probabilities [.., classes], for example mixed labels or another model's answers.
 *
 * <ul>
 *   <li>{@link #labelSmoothing}: q = (1 - s) t + s / classes instead of t (Szegedy et al. 2016), which keeps logits from growing without end;
 *   <li>{@link #classWeights}: q is multiplied by the weight of its class. With class numbers, the sum is divided by the sum of the labels' weights;
 *       with probabilities, it is divided by the number of rows.
 * </ul>
 *
 * <p>A loss is immutable: both methods return another one.
 */
public final class CrossEntropy implements Loss {
    private final float smoothing;
    private final float @Nullable [] weights;

    CrossEntropy(float smoothing, float @Nullable [] weights) {
        this.smoothing = smoothing;
        this.weights = weights;
    }

    /**
     * Returns this loss with a part of every target's mass spread evenly over all classes.
     *
     * @throws IllegalArgumentException if it is outside [0, 1]
     */
    public CrossEntropy labelSmoothing(float part) {
        if (!(part >= 0 && part <= 1)) {
            throw new IllegalArgumentException("crossEntropy: smoothing=" + part + " must be in [0, 1]");
        }
        return new CrossEntropy(part, weights);
    }

    /**
     * Returns this loss with a weight for each class.
     *
     * @throws IllegalArgumentException if a weight is negative or not finite, or all of them are 0
     */
    public CrossEntropy classWeights(float... perClass) {
        return new CrossEntropy(smoothing, Weights.checked("crossEntropy: weight", perClass));
    }

    @Override
    public Tensor of(Tensor logits, Tensor target) {
        return logits.crossEntropy(target, smoothing, weights == null ? null : Tensor.of(weights, weights.length));
    }
}
