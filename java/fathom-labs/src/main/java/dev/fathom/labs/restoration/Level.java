package dev.fathom.labs.restoration;

import dev.fathom.nets.ConvBlock;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Tensor;

/**
 * A level of a U-Net (Ronneberger, Fischer and Brox 2015), which holds the level below it: with h = encode(x) [n, side,
 * side, c], the features are merge(h, up(below(h at half the side))). The skip connection is that merge sees h; without
 * it, all passes through the level below.
 *
 * @param encode from x to h
 * @param below the next level, or the bottom
 * @param up doubles the side
 * @param merge from both to features [n, side, side, c]
 */
record Level(Layer encode, Layer below, ConvTransposed up, Layer merge, boolean skips) implements Layer {
    /**
     * A U-Net of {@code levels} levels above the bottom, the first with {@code width} channels and each other with
     * twice as many as the one above.
     */
    static Layer of(int in, int width, int levels, boolean skips) {
        if (levels == 0) {
            return ConvBlock.of(in, width, 3);
        }
        return new Level(
                ConvBlock.of(in, width, 3),
                of(width, 2 * width, levels - 1, skips),
                new ConvTransposed(2 * width, width, 2).stride(2),
                ConvBlock.of(skips ? 2 * width : width, width, 3),
                skips);
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor h = encode.apply(x);
        Tensor coarse = up.apply(below.apply(h.maxPool(2)));
        return merge.apply(skips ? Tensor.concat(-1, h, coarse) : coarse);
    }
}
