package dev.fathom.data;

import dev.fathom.tensor.Tensor;

/**
 * Examples of one step, as tensors of the pass in which they were gathered.
 *
 * @param x the features [n, feature shape], F32
 * @param y the labels [n], I32, or the targets [n, target shape], F32
 */
public record Batch(Tensor x, Tensor y) {
    /** How many examples; the last batch of an epoch may have fewer than the others. */
    public int size() {
        return x.dim(0);
    }
}
