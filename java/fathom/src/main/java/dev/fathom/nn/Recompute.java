package dev.fathom.nn;

import dev.fathom.tensor.Access;
import dev.fathom.tensor.Inline;
import dev.fathom.tensor.Tensor;

/**
 * The same function and gradients as {@code layer}, whose intermediates are not kept for backward but computed again there (Chen et al. 2016):
 * one more forward for less memory. Random layers inside draw the same numbers both times; buffers are updated once. What the layer reads
 * beside its input, parameters, buffers and tensors that it captures, is kept for backward and receives its gradients as ever; it must compute the
 * same both times.
 *
 * @param layer what to recompute; its names stay as they are
 */
public record Recompute(@Inline Layer layer) implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return Access.recompute(layer::apply, x);
    }
}
