package dev.fathom.nets;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Steps;
import dev.fathom.tensor.Tensor;

/**
 * y = exp(-x) / sum exp(-x) along a dimension, which is softmax(-x): the smallest element gets the largest share, as
 * when x are distances or energies. It is PyTorch's Softmin.
 *
 * @param dim the dimension along which the shares add up to 1; negative numbers count from the end
 */
public record Softmin(int dim) implements Layer {
    /** Makes a layer that works along the last dimension. */
    public Softmin() {
        this(-1);
    }

    @Override
    public Steps stepReading() {
        return dim == -1 ? Steps.EACH : Steps.MIXED;
    }

    /** @throws IllegalArgumentException if x has no such dimension */
    @Override
    public Tensor forward(Tensor x) {
        return x.neg().softmax(dim);
    }
}
