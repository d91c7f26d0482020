package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/** y [batch, everything else]: all dimensions but the first become one. A view. */
public record Flatten() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.flatten(1);
    }
}
