package dev.fathom.labs.pairs;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.experiments.data.Scene;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * A picture [n, 32, 32, 3] as a memory [n, {@value #COUNT}, width] for attention: one vector for each of 8 x 8 cells of
 * four pixels, which sees 15 pixels about it, with a learned vector for its position.
 */
record Cells(Sequential convolutions, LearnedPositions positions) implements Layer {
    /** The cells of a side. */
    static final int SIDE = 8;
    /** The cells of a picture. */
    static final int COUNT = SIDE * SIDE;

    /** Cells of {@code width} features. */
    Cells(int width) {
        this(
                new Sequential(convolution(3, 16, 2), convolution(16, width, 2), convolution(width, width, 1)),
                new LearnedPositions(COUNT, width, Init.normal(0, 0.5f)));
    }

    /** A convolution of 3 x 3 pixels with batch norm and ReLU; a stride of 2 halves height and width. */
    static Layer convolution(int in, int out, int stride) {
        return new Sequential(
                new Conv(in, out, Window.of(3).stride(stride).pad(1)).withoutBias(),
                new BatchNorm(out).act(Activation.RELU));
    }

    @Override
    public Tensor forward(Tensor pictures) {
        Tensor map = convolutions.apply(pictures);
        return positions.apply(map.reshape(map.dim(0), COUNT, map.dim(3)));
    }

    /** A weight for each cell as one for each pixel. */
    static float[] pixels(float... cells) {
        float[] all = new float[Scene.SIDE * Scene.SIDE];
        int each = Scene.SIDE / SIDE;
        for (int i = 0; i < all.length; i++) {
            all[i] = cells[i / Scene.SIDE / each * SIDE + i % Scene.SIDE / each];
        }
        return all;
    }
}
