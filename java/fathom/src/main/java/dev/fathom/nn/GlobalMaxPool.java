package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/** y [N, C], the largest value of each channel of x [N, .., C], wherever it lies: moving the picture does not change it. */
public record GlobalMaxPool() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.max(GlobalAvgPool.places("GlobalMaxPool", x));
    }
}
