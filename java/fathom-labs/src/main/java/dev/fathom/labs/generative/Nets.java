package dev.fathom.labs.generative;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.labs.generative.Gan.Critic;
import dev.fathom.nets.Maxout;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/** The generators and critics of the labs. Images are numbers from -1 to 1. */
final class Nets {
    /** How many numbers of noise make an image ("order of hundreds"). */
    static final int LATENT = 100;

    /** How many units a maxout layer of the first paper's critic has. */
    private static final int UNITS = 240;
    /** How many linear functions such a unit is the largest of. */
    private static final int PIECES = 5;

    private static final int CHANNELS = 32;
    /** How many features the critic of the convolutional nets has. */
    static final int FEATURES = 7 * 7 * 2 * CHANNELS;

    private Nets() {}

    private static Tensor leaky(Tensor x) {
        return x.leakyRelu(0.2f);
    }

    /** Points of {@code width} numbers, from two hidden layers each, which also read one of {@code classes}. */
    static Gan points(int width, int latent, int hidden, int classes) {
        return new Gan(
                new Sequential(
                        new Linear(latent + classes, hidden).act(RELU),
                        new Linear(hidden, hidden).act(RELU),
                        new Linear(hidden, width)),
                new Critic(
                        new Sequential(
                                new Linear(width + classes, hidden),
                                Nets::leaky,
                                new Linear(hidden, hidden),
                                Nets::leaky),
                        new Linear(hidden, 1)),
                latent,
                classes);
    }

    /** Nets with minibatch discrimination before the critic's last layer, which reads so many features. */
    static Gan comparing(Gan plain, int features, int kernels) {
        Layer batch = new MinibatchDiscrimination(features, kernels, 2);
        return new Gan(
                plain.generator(),
                new Critic(new Sequential(plain.critic().features(), batch), new Linear(features + kernels, 1)),
                plain.latent(),
                plain.classes());
    }

    /**
     * Images by the fully connected nets of the first paper (Goodfellow et al. 2014, settings of its published code): a
     * generator of uniform noise with two layers of 1,200 rectified units and a sigmoid, and a critic of two maxout
     * layers with dropout, both for pixels from 0 to 1.
     */
    static Gan dense() {
        Initializer generator = Init.uniform(-0.05f, 0.05f);
        Initializer critic = Init.uniform(-0.005f, 0.005f);
        return new Gan(
                new Sequential(
                        Nets::uniform,
                        new Linear(LATENT, 1200, generator).act(RELU),
                        new Linear(1200, 1200, generator).act(RELU),
                        new Linear(1200, SampleQuality.PIXELS, generator).act(SIGMOID),
                        x -> x.mul(2).sub(1).reshape(x.dim(0), 28, 28, 1)),
                new Critic(
                        new Sequential(
                                new Flatten(),
                                x -> x.add(1).div(2),
                                new Dropout(0.2f),
                                new Linear(SampleQuality.PIXELS, UNITS * PIECES, critic),
                                new Maxout(PIECES),
                                new Dropout(0.5f),
                                new Linear(UNITS, UNITS * PIECES, critic),
                                new Maxout(PIECES),
                                new Dropout(0.5f)),
                        new Linear(UNITS, 1, critic)),
                LATENT,
                0);
    }

    /** Normal noise as noise that is uniform between -1 and 1, by its distribution function. */
    static Tensor uniform(Tensor normal) {
        return normal.div((float) Math.sqrt(2)).erf();
    }

    /**
     * Images by strided and transposed convolutions with batch norms (Radford et al. 2015), scaled to 28 x 28.
     *
     * @param normalized whether the critic has batch norms, with which its slope at one image depends on the others
     */
    static Gan convolutional(int classes, boolean normalized) {
        int wide = 2 * CHANNELS;
        Conv second = new Conv(CHANNELS, wide, 4).stride(2).pad(1);
        return new Gan(
                new Sequential(
                        new Linear(LATENT + classes, 7 * 7 * wide).withoutBias(),
                        x -> x.reshape(x.dim(0), 7, 7, 2 * CHANNELS),
                        new BatchNorm(wide).act(RELU),
                        new ConvTransposed(wide, CHANNELS, 4).stride(2).pad(1).withoutBias(),
                        new BatchNorm(CHANNELS).act(RELU),
                        new ConvTransposed(CHANNELS, 1, 4).stride(2).pad(1),
                        Tensor::tanh),
                new Critic(
                        new Sequential(
                                new Conv(1 + classes, CHANNELS, 4).stride(2).pad(1),
                                Nets::leaky,
                                normalized ? new Sequential(second.withoutBias(), new BatchNorm(wide)) : second,
                                Nets::leaky,
                                new Flatten()),
                        new Linear(FEATURES, 1)),
                LATENT,
                classes);
    }

    /**
     * Adds to the features of each example how close the other examples of its batch are, so that a critic can see that
     * all samples look alike (Salimans et al. 2016): with M = x T [n, kernels, width], o[i, k] = the mean over all j
     * but i of exp(-|M[i, k] - M[j, k]|_1). The result is x and o side by side. The paper has a sum in the place of the
     * mean, whose size grows with the batch: behind it the last layer learned too fast, and the generator kept one
     * mode.
     *
     * @param weight T [features, kernels * width]
     * @param kernels how many numbers are added
     */
    record MinibatchDiscrimination(Parameter weight, int kernels) implements Layer {
        MinibatchDiscrimination(int features, int kernels, int width) {
            this(new Parameter(Shape.of(features, kernels * width), Init.normal(0, 0.05f)), kernels);
        }

        @Override
        public Tensor forward(Tensor x) {
            int n = x.dim(0);
            int width = weight.shape().dim(1) / kernels;
            Tensor m = x.matmul(weight.value());
            Tensor distance = m.reshape(n, 1, kernels, width)
                    .sub(m.reshape(1, n, kernels, width))
                    .abs()
                    .sum(3);
            return Tensor.concat(1, x, distance.neg().exp().sum(1).sub(1).div(n - 1));
        }
    }
}
