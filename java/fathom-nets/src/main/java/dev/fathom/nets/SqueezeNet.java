package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * SqueezeNet (Iandola et al. 2016, figure 2) for images [n, 224, 224, 3] (other sizes work too): it reaches AlexNet's
 * accuracy with a fiftieth of its parameters, and without a linear layer. The parameters have torchvision's names.
 *
 * @param features to 512 maps of 13 x 13
 * @param classifier one map for each class, and its mean
 */
public record SqueezeNet(Sequential features, Sequential classifier) implements Layer {
    /** Makes version 1.0, that of the paper: 1,248,424 parameters at 1,000 classes. */
    public static SqueezeNet squeezenet1_0(int classes) {
        return of(
                classes, // 224 x 224 x 3
                conv(3, 96, Window.of(7).stride(2)), // 109 x 109 x 96
                Tensor::relu,
                halve(), // 54 x 54 x 96
                new Fire(96, 16, 64),
                new Fire(128, 16, 64),
                new Fire(128, 32, 128),
                halve(), // 27 x 27 x 256
                new Fire(256, 32, 128),
                new Fire(256, 48, 192),
                new Fire(384, 48, 192),
                new Fire(384, 64, 256),
                halve(), // 13 x 13 x 512
                new Fire(512, 64, 256));
    }

    /**
     * Makes version 1.1 of its authors, who found it as accurate with 2.4 times less work: 1,235,496 parameters at
     * 1,000 classes.
     */
    public static SqueezeNet squeezenet1_1(int classes) {
        return of(
                classes, // 224 x 224 x 3
                conv(3, 64, Window.of(3).stride(2)), // 111 x 111 x 64
                Tensor::relu,
                halve(), // 55 x 55 x 64
                new Fire(64, 16, 64),
                new Fire(128, 16, 64),
                halve(), // 27 x 27 x 128
                new Fire(128, 32, 128),
                new Fire(256, 32, 128),
                halve(), // 13 x 13 x 256
                new Fire(256, 48, 192),
                new Fire(384, 48, 192),
                new Fire(384, 64, 256),
                new Fire(512, 64, 256));
    }

    private static SqueezeNet of(int classes, Layer... features) {
        Conv last = new Conv(512, classes, 1).withWeight(Init.normal(0, 0.01f));
        return new SqueezeNet(
                new Sequential(features), new Sequential(new Dropout(0.5f), last, Tensor::relu, new GlobalAvgPool()));
    }

    private static Conv conv(int in, int out, Window window) {
        return new Conv(in, out, window, 1, Init.heUniform());
    }

    /** A window that does not fit whole counts. */
    private static MaxPool halve() {
        return new MaxPool(3).stride(2).ceil();
    }

    @Override
    public Tensor forward(Tensor x) {
        return classifier.apply(features.apply(x));
    }

    /**
     * s = relu(squeeze(x)), y = [relu(expand1x1(s)), relu(expand3x3(s))]: few maps for the 3 x 3 to see, and half of
     * the results without it.
     *
     * @param squeeze 1 x 1
     * @param expand1x1 the first half of the maps of y
     * @param expand3x3 the second half
     */
    public record Fire(Conv squeeze, Conv expand1x1, Conv expand3x3) implements Layer {
        /** Makes a module from {@code in} through {@code squeezed} to twice {@code expanded} maps. */
        public Fire(int in, int squeezed, int expanded) {
            this(
                    conv(in, squeezed, Window.of(1)).act(RELU),
                    conv(squeezed, expanded, Window.of(1)).act(RELU),
                    conv(squeezed, expanded, Window.of(3).pad(1)).act(RELU));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor s = squeeze.apply(x);
            return Tensor.concat(-1, expand1x1.apply(s), expand3x3.apply(s));
        }
    }
}
