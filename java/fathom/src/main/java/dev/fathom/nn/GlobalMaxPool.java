package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * y [N, C], the largest value of each channel of x [N, .., C]. It does not matter where the value lies, so moving the
 * picture does not change the result.
 */
public record GlobalMaxPool() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.max(GlobalAvgPool.places("GlobalMaxPool", x));
    }
}
