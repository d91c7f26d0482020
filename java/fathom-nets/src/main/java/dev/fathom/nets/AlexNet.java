package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.AdaptiveAvgPool;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.LocalResponseNorm;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * AlexNet for images [n, 224, 224, 3] (other sizes work too): five convolutions and three linear layers, which hold 96
 * % of its parameters.
 *
 * @param features to 256 maps of 6 x 6
 * @param avgpool makes 6 x 6 of the maps of images of other sizes
 * @param flatten map after map
 * @param classifier three linear layers
 */
public record AlexNet(Sequential features, AdaptiveAvgPool avgpool, Flatten flatten, Sequential classifier)
        implements Layer {
    /**
     * Makes the form in one column of Krizhevsky 2014 and torchvision, whose parameters have the same names here:
     * 61,100,840 at 1,000 classes.
     */
    public static AlexNet alexnet(int classes) {
        return of(
                classes, // 224 x 224 x 3
                new Conv(3, 64, 11).stride(4).pad(2), // 55 x 55 x 64
                Tensor::relu,
                halve(), // 27 x 27 x 64
                new Conv(64, 192, 5).pad(2), // 27 x 27 x 192
                Tensor::relu,
                halve(), // 13 x 13 x 192
                new Conv(192, 384, 3).pad(1),
                Tensor::relu, // 13 x 13 x 384
                new Conv(384, 256, 3).pad(1),
                Tensor::relu, // 13 x 13 x 256
                new Conv(256, 256, 3).pad(1),
                Tensor::relu,
                halve()); // 6 x 6 x 256
    }

    /**
     * Makes the form of Krizhevsky, Sutskever and Hinton 2012: two groups, which were two GPUs, in the second, fourth
     * and fifth convolution, and responses normalized across maps. It has 60,965,224 parameters at 1,000 classes. A
     * padding of 2 replaces the larger image that a first layer of 55 x 55 takes.
     */
    public static AlexNet paper(int classes) {
        return of(
                classes, // 224 x 224 x 3
                new Conv(3, 96, 11).stride(4).pad(2).act(RELU), // 55 x 55 x 96
                normalize(),
                halve(), // 27 x 27 x 96
                new Conv(96, 256, Window.of(5).pad(2), 2).act(RELU),
                normalize(),
                halve(), // 13 x 13 x 256
                new Conv(256, 384, 3).pad(1).act(RELU), // 13 x 13 x 384
                new Conv(384, 384, Window.of(3).pad(1), 2).act(RELU), // 13 x 13 x 384
                new Conv(384, 256, Window.of(3).pad(1), 2).act(RELU), // 13 x 13 x 256
                halve()); // 6 x 6 x 256
    }

    private static AlexNet of(int classes, Layer... features) {
        return new AlexNet(
                new Sequential(features),
                new AdaptiveAvgPool(6, 6),
                new Flatten(),
                new Sequential(
                        new Dropout(0.5f),
                        new Linear(256 * 6 * 6, 4096),
                        Tensor::relu,
                        new Dropout(0.5f),
                        new Linear(4096, 4096),
                        Tensor::relu,
                        new Linear(4096, classes)));
    }

    /** Windows that overlap. */
    static MaxPool halve() {
        return new MaxPool(3).stride(2);
    }

    /** Section 3.3: x / (2 + 1e-4 (the sum of x^2 over five neighboring maps))^0.75. */
    static LocalResponseNorm normalize() {
        return new LocalResponseNorm(5, 5e-4f, 0.75f, 2);
    }

    @Override
    public Tensor forward(Tensor x) {
        return classifier.apply(flatten.apply(avgpool.apply(features.apply(x))));
    }
}
