package dev.fathom.nets;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.tensor.Tensor;

/**
 * LeNet-5 (LeCun et al. 1998, figure 2) for images [n, 28, 28, 1]: 61,706 parameters at ten classes.
 *
 * <p>It has the form that is common today: the 28 x 28 image is padded to the figure's 32 x 32, ReLU replaces the
 * scaled tanh, and maxima replace trained averages. C3 sees all maps of S2, while the paper leaves some out, and the
 * output is linear, while the paper measures distances.
 *
 * @param c1 6 maps of 28 x 28
 * @param s2 6 maps of 14 x 14
 * @param c3 16 maps of 10 x 10
 * @param s4 16 maps of 5 x 5
 * @param flatten S4 as 400 columns, map after map
 * @param c5 120 units, each of which sees all of S4
 * @param f6 84 units
 */
public record LeNet5(Conv c1, MaxPool s2, Conv c3, MaxPool s4, Flatten flatten, Linear c5, Linear f6, Linear output)
        implements Layer {
    /** Makes a network with this many classes. */
    public LeNet5(int classes) {
        this(
                new Conv(1, 6, 5).pad(2).act(RELU),
                new MaxPool(2),
                new Conv(6, 16, 5).act(RELU),
                new MaxPool(2),
                new Flatten(),
                new Linear(400, 120).act(RELU),
                new Linear(120, 84).act(RELU),
                new Linear(84, classes));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor maps = s4.apply(c3.apply(s2.apply(c1.apply(x))));
        return output.apply(f6.apply(c5.apply(flatten.apply(maps))));
    }
}
