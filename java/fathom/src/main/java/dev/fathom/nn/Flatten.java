package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * y [batch, everything else]: all dimensions but the first become one. A view.
 *
 * <p>A linear layer after it has its columns in the order [h, w, c] of the maps, in PyTorch [c, h, w]: the shapes of a file fit and its numbers do
 * not. Where a network shares files with PyTorch, {@code x -> x.permute(0, 3, 1, 2).flatten(1)} takes this layer's place.
 */
public record Flatten() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.flatten(1);
    }
}
