package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;

/**
 * The two convolutional networks of James, Witten, Hastie and Tibshirani, An Introduction to Statistical Learning,
 * chapter 10, for images [n, 32, 32, 3]: convolve and pool in turn, each pool halving the sides and each convolution
 * making more maps; then flatten.
 *
 * @param layers in the order of the figure
 */
public record TextbookCnn(@Inline Sequential layers) implements Layer {
    /**
     * Makes the network of figure 10.8: 6, 12 and 24 maps, of which 4 x 4 x 24 = 384 values are left. The text does not
     * say how wide the layer after them is; here it has 500 units.
     */
    public static TextbookCnn figure(int classes) {
        return new TextbookCnn(
                new Sequential( //                      32 x 32 x 3
                        convolve(3, 6),
                        new MaxPool(2), //                          16 x 16 x 6
                        convolve(6, 12),
                        new MaxPool(2), //                           8 x 8 x 12
                        convolve(12, 24),
                        new MaxPool(2), //                           4 x 4 x 24
                        new Flatten(), //                                      384
                        new Linear(384, 500).act(RELU),
                        new Linear(500, classes)));
    }

    /**
     * Makes the network of the lab: 32 to 256 maps, dropout and 512 units. It has 964,516 parameters at 100 classes.
     */
    public static TextbookCnn lab(int classes) {
        return new TextbookCnn(
                new Sequential( //                      32 x 32 x 3
                        convolve(3, 32),
                        new MaxPool(2), //                          16 x 16 x 32
                        convolve(32, 64),
                        new MaxPool(2), //                           8 x 8 x 64
                        convolve(64, 128),
                        new MaxPool(2), //                           4 x 4 x 128
                        convolve(128, 256),
                        new MaxPool(2), //                           2 x 2 x 256
                        new Flatten(), //                                     1024
                        new Dropout(0.5f),
                        new Linear(1024, 512).act(RELU),
                        new Linear(512, classes)));
    }

    /** 3 x 3, of the same size as before. */
    private static Conv convolve(int in, int out) {
        return new Conv(in, out, 3).pad(1).act(RELU);
    }

    @Override
    public Tensor forward(Tensor x) {
        return layers.apply(x);
    }
}
