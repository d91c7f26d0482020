package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = weight (x - mean) / sqrt(variance + epsilon) + bias for x [batch, .., channels], where mean and biased variance
 * are those of each example and each group of neighboring channels (Wu and He 2018).
 *
 * @param groups number of groups, a divisor of the number of channels
 * @param weight [channels], or null for 1
 * @param bias [channels], or null for 0
 * @param epsilon what is added to the variance, under the root
 */
public record GroupNorm(
        int groups, @Nullable Parameter weight, @Nullable Parameter bias, float epsilon) implements Layer {
    /** Checks groups. */
    public GroupNorm {
        Checks.atLeast("GroupNorm", "groups", groups, 1);
    }

    /**
     * Makes a layer with PyTorch's epsilon of 1e-5, a weight that begins at 1 and a bias that begins at 0.
     *
     * @throws IllegalArgumentException if groups do not divide channels, or one of them is below 1
     */
    public GroupNorm(int groups, int channels) {
        this(groups, Norms.ones("GroupNorm", channels), new Parameter(Shape.of(channels), Init.zeros()), 1e-5f);
        if (channels % groups != 0) {
            throw new IllegalArgumentException(
                    "GroupNorm: groups=" + groups + " do not divide channels=" + channels + "; choose a divisor");
        }
    }

    /** Returns this layer with another epsilon. */
    public GroupNorm epsilon(float newEpsilon) {
        return Records.with(this, "epsilon", newEpsilon);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.groupNorm(groups, weight, bias, epsilon);
    }
}
