package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * Rearranges x [N, H, W, C f f] into y [N, H f, W f, C]: channels become squares of pixels (Shi et al. 2016), in
 * PyTorch's order.
 *
 * @param factor f
 */
public record PixelShuffle(int factor) implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.pixelShuffle(factor);
    }
}
