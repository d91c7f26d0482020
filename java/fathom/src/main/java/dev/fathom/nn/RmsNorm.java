package dev.fathom.nn;

import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * y = weight x / sqrt(mean(x^2) + epsilon) with the mean over the last dimensions of x, those of the weight (Zhang and Sennrich 2019).
 *
 * @param weight of the shape of the last dimensions, or null for 1
 * @param dims how many dimensions these are
 * @param epsilon what is added to the mean, under the root
 */
public record RmsNorm(@Nullable Parameter weight, int dims, float epsilon) implements Layer {
    /**
     * Over last dimensions of these sizes, with PyTorch's epsilon, the float32 next to 1 less 1.
     *
     * @throws IllegalArgumentException if there is none, or one is below 1
     */
    public RmsNorm(int... shape) {
        this(Norms.ones("RmsNorm", shape), shape.length, Math.ulp(1f));
    }

    /** A copy of this layer with another epsilon. */
    public RmsNorm epsilon(float newEpsilon) {
        return new RmsNorm(weight, dims, newEpsilon);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.rmsNorm(dims, weight, epsilon);
    }
}
