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

/**
 * The network that Zeiler and Fergus 2013 looked into (figure 3), for images [n, 224, 224, 3]: AlexNet in one column,
 * with a smaller first filter and stride, since larger ones had left dead and aliased features; 62,357,608 parameters
 * at 1,000 classes. The paper gives no constants for its contrast normalization; AlexNet's are here.
 *
 * @param features to 256 maps of 6 x 6
 * @param flatten map after map
 * @param classifier three linear layers
 */
public record ZfNet(Sequential features, Flatten flatten, Sequential classifier) implements Layer {
    /** Makes a network with this many classes. */
    public ZfNet(int classes) {
        this(
                new Sequential( // 224 x 224 x 3
                        new Conv(3, 96, 7).stride(2).pad(1).act(RELU), // 110 x 110 x 96
                        new MaxPool(3).stride(2).ceil(), // 55 x 55 x 96
                        AlexNet.normalize(),
                        new Conv(96, 256, 5).stride(2).act(RELU), // 26 x 26 x 256
                        new MaxPool(3).stride(2).ceil(), // 13 x 13 x 256
                        AlexNet.normalize(),
                        new Conv(256, 384, 3).pad(1).act(RELU), // 13 x 13 x 384
                        new Conv(384, 384, 3).pad(1).act(RELU), // 13 x 13 x 384
                        new Conv(384, 256, 3).pad(1).act(RELU), // 13 x 13 x 256
                        AlexNet.halve()), // 6 x 6 x 256
                new Flatten(),
                new Sequential(
                        new Linear(256 * 6 * 6, 4096).act(RELU),
                        new Dropout(0.5f),
                        new Linear(4096, 4096).act(RELU),
                        new Dropout(0.5f),
                        new Linear(4096, classes)));
    }

    @Override
    public Tensor forward(Tensor x) {
        return classifier.apply(flatten.apply(features.apply(x)));
    }
}
