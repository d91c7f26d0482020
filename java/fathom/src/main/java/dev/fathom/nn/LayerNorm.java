package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = weight (x - mean) / sqrt(variance + epsilon) + bias with mean and biased variance over the last dimensions of x,
 * which are those of the weight (Ba et al. 2016).
 *
 * @param weight of the shape of the last dimensions, or null for 1
 * @param bias of the same shape, or null for 0
 * @param dims number of these last dimensions
 * @param epsilon what is added to the variance, under the root
 */
public record LayerNorm(
        @Nullable Parameter weight, @Nullable Parameter bias, int dims, float epsilon) implements Layer {
    /**
     * Makes a layer that normalizes over last dimensions of these sizes, with PyTorch's epsilon of 1e-5.
     *
     * @throws IllegalArgumentException if there is none, or one is below 1
     */
    public LayerNorm(int... shape) {
        this(Norms.ones("LayerNorm", shape), new Parameter(Shape.of(shape), Init.zeros()), shape.length, 1e-5f);
    }

    /** Returns this layer with another epsilon. */
    public LayerNorm epsilon(float newEpsilon) {
        return Records.with(this, "epsilon", newEpsilon);
    }

    /** Returns this layer without weight and bias. */
    public LayerNorm withoutAffine() {
        return Records.with(this, "weight", null, "bias", null);
    }

    @Override
    public Steps stepReading() {
        return dims == 1 ? Steps.EACH : Steps.MIXED;
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.layerNorm(dims, weight, bias, epsilon);
    }
}
