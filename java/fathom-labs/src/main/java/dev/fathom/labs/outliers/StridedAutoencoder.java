package dev.fathom.labs.outliers;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * The convolutional auto-encoder of the Keras example on the Numenta benchmark, of windows x [n, t, columns] whose t is
 * a multiple of 4: two convolutions with stride 2 and 32 and 16 filters of 7 rows, and the same backward.
 */
record StridedAutoencoder(Sequential layers) implements Net {
    private static final int WIDE = 32;
    private static final int NARROW = 16;
    private static final int KERNEL = 7;
    private static final float DROPOUT = 0.2f;

    static StridedAutoencoder of(int columns) {
        return new StridedAutoencoder(new Sequential(
                new Conv(columns, WIDE, Window.line(KERNEL)).stride(2).same().act(RELU),
                new Dropout(DROPOUT),
                new Conv(WIDE, NARROW, Window.line(KERNEL)).stride(2).same().act(RELU),
                twice(NARROW, NARROW),
                new Dropout(DROPOUT),
                twice(NARROW, WIDE),
                new Conv(WIDE, columns, Window.line(KERNEL)).same()));
    }

    /** Writes twice as many rows. */
    private static ConvTransposed twice(int in, int out) {
        return new ConvTransposed(in, out, Window.line(KERNEL))
                .stride(2)
                .pad(KERNEL / 2)
                .outputPadding(1)
                .act(RELU);
    }

    /** Writes x again. */
    Tensor again(Tensor x) {
        return layers.apply(x);
    }
}
