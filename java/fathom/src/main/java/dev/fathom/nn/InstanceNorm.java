package dev.fathom.nn;

import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * y = weight (x - mean) / sqrt(variance + epsilon) + bias for x [batch, .., channels] with mean and biased variance of every example and channel, in
 * training and in evaluation (Ulyanov et al. 2016).
 *
 * @param weight [channels], or null for 1
 * @param bias [channels], or null for 0
 * @param epsilon what is added to the variance, under the root
 */
public record InstanceNorm(
        @Nullable Parameter weight, @Nullable Parameter bias, float epsilon) implements Layer {
    /** For any channels, without weight and bias, as PyTorch's, and with its epsilon of 1e-5. */
    public InstanceNorm() {
        this(null, null, 1e-5f);
    }

    /**
     * With weight and bias.
     *
     * @throws IllegalArgumentException if channels is below 1
     */
    public static InstanceNorm affine(int channels) {
        return new InstanceNorm(
                Norms.ones("InstanceNorm", channels), new Parameter(Shape.of(channels), Init.zeros()), 1e-5f);
    }

    /** A copy of this layer with another epsilon. */
    public InstanceNorm epsilon(float newEpsilon) {
        return new InstanceNorm(weight, bias, newEpsilon);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.groupNorm(x.shape().rank() == 0 ? 1 : x.dim(-1), weight, bias, epsilon);
    }
}
