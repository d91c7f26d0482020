package dev.fathom.nn;

import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = weight x / sqrt(mean(x^2) + epsilon) with the mean over the last dimensions of x, which are those of the weight
 * (Zhang and Sennrich 2019).
 *
 * @param weight of the shape of the last dimensions, or null for 1
 * @param dims number of these last dimensions
 * @param epsilon what is added to the mean, under the root
 */
public record RmsNorm(@Nullable Parameter weight, int dims, float epsilon) implements Layer {
    /**
     * Makes a layer that normalizes over last dimensions of these sizes, with PyTorch's epsilon: the distance from 1 to
     * the next float.
     *
     * @throws IllegalArgumentException if there is none, or one is below 1
     */
    public RmsNorm(int... shape) {
        this(Norms.ones("RmsNorm", shape), shape.length, Math.ulp(1f));
    }

    /** Returns this layer with another epsilon. */
    public RmsNorm epsilon(float newEpsilon) {
        return Records.with(this, "epsilon", newEpsilon);
    }

    @Override
    public Steps stepReading() {
        return dims == 1 ? Steps.EACH : Steps.MIXED;
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.rmsNorm(dims, weight, epsilon);
    }
}
