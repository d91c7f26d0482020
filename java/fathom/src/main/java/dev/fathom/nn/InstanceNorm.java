package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = weight (x - mean) / sqrt(variance + epsilon) + bias for x [batch, .., channels], where mean and biased variance
 * are those of each example and channel, in training and in evaluation (Ulyanov et al. 2016).
 *
 * @param weight [channels], or null for 1
 * @param bias [channels], or null for 0
 * @param epsilon what is added to the variance, under the root
 */
public record InstanceNorm(
        @Nullable Parameter weight, @Nullable Parameter bias, float epsilon) implements Layer {
    /**
     * Makes a layer for any number of channels, without weight and bias and with an epsilon of 1e-5, as PyTorch does.
     */
    public InstanceNorm() {
        this(null, null, 1e-5f);
    }

    /**
     * Returns a layer with a weight that begins at 1 and a bias that begins at 0.
     *
     * @throws IllegalArgumentException if channels is below 1
     */
    public static InstanceNorm affine(int channels) {
        return new InstanceNorm(
                Norms.ones("InstanceNorm", channels), new Parameter(Shape.of(channels), Init.zeros()), 1e-5f);
    }

    /** Returns this layer with another epsilon. */
    public InstanceNorm epsilon(float newEpsilon) {
        return Records.with(this, "epsilon", newEpsilon);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.groupNorm(x.shape().rank() == 0 ? 1 : x.dim(-1), weight, bias, epsilon);
    }
}
