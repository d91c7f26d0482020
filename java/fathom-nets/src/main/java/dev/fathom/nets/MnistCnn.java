package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.tensor.Tensor;

/**
 * The network of PyTorch's MNIST example (pytorch/examples, mnist/main.py) for images [n, 28, 28, 1]: two convolutions,
 * one pool, two linear layers, 1,199,882 parameters. The example's last step, the logarithm of softmax, is part of the
 * loss here.
 *
 * @param conv1 32 maps of 26 x 26
 * @param conv2 64 maps of 24 x 24
 * @param pool 64 maps of 12 x 12
 * @param flatten 9,216 columns, map after map
 * @param fc1 128 units
 * @param fc2 ten classes
 */
public record MnistCnn(
        Conv conv1,
        Conv conv2,
        MaxPool pool,
        Dropout dropout1,
        Flatten flatten,
        Linear fc1,
        Dropout dropout2,
        Linear fc2)
        implements Layer {
    /** Makes the network of the example. */
    public MnistCnn() {
        this(
                new Conv(1, 32, 3).act(RELU),
                new Conv(32, 64, 3).act(RELU),
                new MaxPool(2),
                new Dropout(0.25f),
                new Flatten(),
                new Linear(9216, 128).act(RELU),
                new Dropout(0.5f),
                new Linear(128, 10));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor maps = dropout1.apply(pool.apply(conv2.apply(conv1.apply(x))));
        return fc2.apply(dropout2.apply(fc1.apply(flatten.apply(maps))));
    }
}
