package dev.fathom.labs.generative;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.labs.generative.BirdStudio.CaptionNet;
import dev.fathom.nets.DiagonalGaussian;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A stage of drawing from text (Zhang et al. 2017, StackGAN): pictures are numbers from -1 to 1, text is the state of a
 * {@link CaptionNet}.
 */
record BirdNet(Generator generator, Critic critic) implements Net {
    /** How many numbers the text is augmented to, and how many the critic makes of it. */
    static final int CONDITION = 128;

    static final int LATENT = 100;
    private static final int CHANNELS = 32;
    private static final float DIVERGENCE = 2;

    /**
     * Draws from what is given, noise [n, latent] in the first stage and its pictures in the second, and from a text
     * that is a draw of N(m(text), diag(s(text)^2)) (conditioning augmentation).
     */
    record Generator(Linear augmentation, Layer start, Layer draw) implements Net {
        DiagonalGaussian condition(Tensor text) {
            return DiagonalGaussian.of(augmentation.apply(text));
        }

        Tensor draw(Tensor given, Tensor condition) {
            return draw.apply(Gan.joined(start.apply(given), condition));
        }
    }

    /** Judges whether a picture is real and fits the text. */
    record Critic(Layer features, Linear text, Layer judge) implements Net {
        Tensor logit(Tensor picture, Tensor caption) {
            return judged(features.apply(picture), caption);
        }

        private Tensor judged(Tensor seen, Tensor caption) {
            return judge.apply(Gan.joined(seen, text.apply(caption).leakyRelu(0.2f)));
        }

        /**
         * V = E log D(x, t) + (E log(1 - D(x, t')) + E log(1 - D(G(z, t), t))) / 2, from pictures x, drawings for the
         * same texts t, and texts t' that do not fit the pictures.
         */
        Tensor value(Tensor picture, Tensor drawing, Tensor caption, Tensor other) {
            Tensor seen = features.apply(picture);
            Tensor fits = judged(seen, caption).neg().softplus().mean();
            Tensor mismatched = judged(seen, other).softplus().mean();
            Tensor drawn = logit(drawing, caption).softplus().mean();
            return fits.add(mismatched.add(drawn).mul(0.5f)).neg();
        }
    }

    /** Pictures of 16 x 16 from noise. */
    static BirdNet first() {
        int wide = 2 * CHANNELS;
        return new BirdNet(
                new Generator(
                        new Linear(CaptionNet.WIDTH, 2 * CONDITION),
                        new Sequential(),
                        new Sequential(
                                new Linear(LATENT + CONDITION, 4 * 4 * wide).withoutBias(),
                                x -> x.reshape(x.dim(0), 4, 4, 2 * CHANNELS),
                                new BatchNorm(wide).act(RELU),
                                up(wide, CHANNELS),
                                up(CHANNELS, CHANNELS),
                                new Conv(CHANNELS, 3, 3).pad(1),
                                Tensor::tanh)),
                critic(down(3, CHANNELS, false), down(CHANNELS, wide, true)));
    }

    /** Pictures of 32 x 32 from pictures of 16 x 16. */
    static BirdNet second() {
        int wide = 2 * CHANNELS;
        return new BirdNet(
                new Generator(
                        new Linear(CaptionNet.WIDTH, 2 * CONDITION),
                        down(3, wide, false),
                        new Sequential(
                                new Conv(wide + CONDITION, wide, 3).pad(1).withoutBias(),
                                new BatchNorm(wide).act(RELU),
                                block(wide),
                                block(wide),
                                up(wide, CHANNELS),
                                up(CHANNELS, CHANNELS / 2),
                                new Conv(CHANNELS / 2, 3, 3).pad(1),
                                Tensor::tanh)),
                critic(down(3, CHANNELS, false), down(CHANNELS, wide, true), down(wide, wide, true)));
    }

    /** What is drawn from noise or, where there is a first stage, from its pictures for the same texts. */
    Tensor drawn(@Nullable BirdNet first, Tensor text) {
        return drawn(first, text, generator.condition(text));
    }

    private Tensor drawn(@Nullable BirdNet first, Tensor text, DiagonalGaussian condition) {
        Tensor given = first == null ? Pass.current().randn(text.dim(0), LATENT) : first.drawn(null, text);
        return generator.draw(given, condition.draw());
    }

    /** - E log D(G(z, t), t) + 2 KL(N(m(t), s(t)^2) || N(0, I)), the divergence as a mean over its numbers. */
    Tensor loss(@Nullable BirdNet first, Tensor text) {
        DiagonalGaussian condition = generator.condition(text);
        Tensor drawn = drawn(first, text, condition);
        Tensor divergence = condition.divergence().mean().div(CONDITION);
        return Game.NON_SATURATING.generatorLoss(critic.logit(drawn, text)).add(divergence.mul(DIVERGENCE));
    }

    private static Layer up(int in, int out) {
        return new Sequential(
                new ConvTransposed(in, out, 4).stride(2).pad(1).withoutBias(), new BatchNorm(out).act(RELU));
    }

    private static Layer down(int in, int out, boolean normalized) {
        Conv conv = new Conv(in, out, 4).stride(2).pad(1);
        return new Sequential(
                normalized ? new Sequential(conv.withoutBias(), new BatchNorm(out)) : conv, x -> x.leakyRelu(0.2f));
    }

    private static Layer block(int channels) {
        return new Residual(
                new Sequential(
                        new Conv(channels, channels, 3).pad(1).withoutBias(),
                        new BatchNorm(channels).act(RELU),
                        new Conv(channels, channels, 3).pad(1).withoutBias(),
                        new BatchNorm(channels)),
                RELU);
    }

    /** A critic whose features are 2 CHANNELS maps of 4 x 4, beside each of which it sees the text. */
    private static Critic critic(Layer... features) {
        int both = 8 * CHANNELS;
        return new Critic(
                new Sequential(features),
                new Linear(CaptionNet.WIDTH, CONDITION),
                new Sequential(
                        new Conv(2 * CHANNELS + CONDITION, both, 1),
                        x -> x.leakyRelu(0.2f),
                        new Flatten(),
                        new Linear(4 * 4 * both, 1)));
    }
}
