package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * Rearranges x [N, H f, W f, C] into y [N, H, W, C f f]: squares of pixels become channels, which {@link PixelShuffle}
 * undoes.
 *
 * @param factor f
 */
public record PixelUnshuffle(int factor) implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.pixelUnshuffle(factor);
    }
}
