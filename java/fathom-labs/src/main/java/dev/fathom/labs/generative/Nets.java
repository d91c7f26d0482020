package dev.fathom.labs.generative;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.labs.generative.Gan.Critic;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;

/** The generators and critics of the labs. Images are numbers from -1 to 1. */
final class Nets {
    /** How many numbers of noise make an image ("order of hundreds"). */
    static final int LATENT = 100;

    private static final int CHANNELS = 32;

    private Nets() {}

    private static Tensor leaky(Tensor x) {
        return x.leakyRelu(0.2f);
    }

    /** Points of {@code width} numbers, from two hidden layers each. */
    static Gan points(int width, int latent, int hidden) {
        return points(width, latent, hidden, 0);
    }

    /** Nets of {@link #points} that also read one of {@code classes}. */
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

    /** Nets of {@link #points} with minibatch discrimination before the critic's last layer. */
    static Gan pointsWithMinibatches(int width, int latent, int hidden) {
        Gan plain = points(width, latent, hidden);
        MinibatchDiscrimination batch = new MinibatchDiscrimination(hidden, 8, 2);
        return new Gan(
                plain.generator(),
                new Critic(new Sequential(plain.critic().features(), batch), new Linear(hidden + 8, 1)),
                latent,
                0);
    }

    /** Images by fully connected layers, as in the first paper. */
    static Gan dense() {
        return new Gan(
                new Sequential(
                        new Linear(LATENT, 256).act(RELU),
                        new Linear(256, 512).act(RELU),
                        new Linear(512, SampleQuality.PIXELS),
                        Tensor::tanh,
                        x -> x.reshape(x.dim(0), 28, 28, 1)),
                new Critic(
                        new Sequential(
                                new Flatten(),
                                new Linear(SampleQuality.PIXELS, 256),
                                Nets::leaky,
                                new Dropout(0.3f),
                                new Linear(256, 256),
                                Nets::leaky,
                                new Dropout(0.3f)),
                        new Linear(256, 1)),
                LATENT,
                0);
    }

    /** Images by strided and transposed convolutions with batch norms (Radford et al. 2015), scaled to 28 x 28. */
    static Gan convolutional(int classes) {
        return new Gan(
                generator(classes),
                new Critic(features(classes, true), new Linear(7 * 7 * 2 * CHANNELS, 1)),
                LATENT,
                classes);
    }

    /**
     * Convolutional nets whose critic has no batch norms, with which its slope at one image would depend on the others.
     */
    static Gan wasserstein() {
        return new Gan(generator(0), new Critic(features(0, false), new Linear(7 * 7 * 2 * CHANNELS, 1)), LATENT, 0);
    }

    /** The convolutional nets with minibatch discrimination before the critic's last layer. */
    static Gan convolutionalWithMinibatches() {
        int features = 7 * 7 * 2 * CHANNELS;
        return new Gan(
                generator(0),
                new Critic(
                        new Sequential(features(0, true), new MinibatchDiscrimination(features, 16, 2)),
                        new Linear(features + 16, 1)),
                LATENT,
                0);
    }

    private static Layer generator(int classes) {
        int wide = 2 * CHANNELS;
        return new Sequential(
                new Linear(LATENT + classes, 7 * 7 * wide).withoutBias(),
                x -> x.reshape(x.dim(0), 7, 7, 2 * CHANNELS),
                new BatchNorm(wide).act(RELU),
                new ConvTransposed(wide, CHANNELS, 4).stride(2).pad(1).withoutBias(),
                new BatchNorm(CHANNELS).act(RELU),
                new ConvTransposed(CHANNELS, 1, 4).stride(2).pad(1),
                Tensor::tanh);
    }

    private static Layer features(int classes, boolean normalized) {
        Conv second = new Conv(CHANNELS, 2 * CHANNELS, 4).stride(2).pad(1);
        return new Sequential(
                new Conv(1 + classes, CHANNELS, 4).stride(2).pad(1),
                Nets::leaky,
                normalized ? new Sequential(second.withoutBias(), new BatchNorm(2 * CHANNELS)) : second,
                Nets::leaky,
                new Flatten());
    }
}
