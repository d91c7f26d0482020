package dev.fathom.nn;

import dev.fathom.autograd.Recomputation;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import org.jspecify.annotations.Nullable;

/**
 * Computes {@code layer} without keeping its intermediates for backward, which computes them again (Chen et al. 2016).
 * This trades one more forward for less memory; results and gradients are those of the layer itself. Random layers
 * inside draw the same numbers both times, and buffers are updated once. Whatever else the layer reads (parameters,
 * buffers, tensors that it captures) is kept for backward and receives its gradients as usual. The layer must compute
 * the same both times.
 *
 * @param layer the layer to recompute; the names of its parameters do not change
 */
public record Recompute(@Inline Layer layer) implements SequenceLayer {
    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        return Recomputation.run(t -> SequenceLayer.apply(layer, t, lengths), x);
    }

    @Override
    public Steps stepReading() {
        return Steps.asked(layer);
    }

    @Override
    public boolean keepsSteps() {
        return Steps.kept(layer);
    }
}
