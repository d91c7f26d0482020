package dev.fathom.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * The nets of the row {@code wgan-train}, so that every contender computes the same with the same numbers: the
 * generator makes images of 28 x 28 by two transposed convolutions, and the critic has two convolutions and a dense
 * layer. Parameters are named and ordered as PyTorch's.
 */
public final class Adversaries {
    /** Images of a batch. */
    public static final int BATCH = 64;
    /** Numbers of noise for an image. */
    public static final int LATENT = 100;
    /** Channels of the larger maps; the smaller ones have twice as many. */
    public static final int CHANNELS = 32;
    /** Steps of the critic in a round, after which the generator takes one. */
    public static final int TURNS = 5;
    /** The learning rate of both. */
    public static final double RATE = 5e-5;
    /** The largest weight of the critic. */
    public static final double CLIP = 0.03;

    private static final int WIDE = 2 * CHANNELS;
    private static final int SMALL = 7 * 7;
    private static final int LARGE = 14 * 14;

    /**
     * Numbers of a net.
     *
     * @param name of the parameter
     * @param shape as PyTorch has it
     */
    public record Numbers(String name, long... shape) {
        /** How many there are. */
        public int size() {
            long n = 1;
            for (long d : shape) {
                n *= d;
            }
            return Math.toIntExact(n);
        }

        /** What they begin with. */
        public float[] values() {
            boolean bias = name.endsWith("bias");
            boolean norm = name.endsWith("norm.weight");
            return norm
                    ? Work.normal(name.hashCode(), size(), 1, 0.02)
                    : Work.normal(name.hashCode(), size(), 0, bias ? 0.01 : 0.02);
        }
    }

    /** Those of the generator: dense, norm, up, norm, up. */
    public static final List<Numbers> GENERATOR = List.of(
            new Numbers("generator.dense.weight", (long) SMALL * WIDE, LATENT),
            new Numbers("generator.first_norm.weight", WIDE),
            new Numbers("generator.first_norm.bias", WIDE),
            new Numbers("generator.up.weight", WIDE, CHANNELS, 4, 4),
            new Numbers("generator.second_norm.weight", CHANNELS),
            new Numbers("generator.second_norm.bias", CHANNELS),
            new Numbers("generator.out.weight", CHANNELS, 1, 4, 4),
            new Numbers("generator.out.bias", 1));
    /** Those of the critic: down, down, dense. */
    public static final List<Numbers> CRITIC = List.of(
            new Numbers("critic.in.weight", CHANNELS, 1, 4, 4),
            new Numbers("critic.in.bias", CHANNELS),
            new Numbers("critic.down.weight", WIDE, CHANNELS, 4, 4),
            new Numbers("critic.down.bias", WIDE),
            new Numbers("critic.dense.weight", 1, (long) SMALL * WIDE),
            new Numbers("critic.dense.bias", 1));

    private Adversaries() {}

    /** The numbers of both. */
    public static List<Numbers> all() {
        List<Numbers> all = new ArrayList<>(GENERATOR);
        all.addAll(CRITIC);
        return all;
    }

    /** The images of a critic's step [BATCH, 28, 28]. */
    public static float[] images(int turn) {
        return Work.normal(100 + turn, BATCH * 28 * 28, 0, 0.5);
    }

    /** The noise of a step [BATCH, LATENT]. */
    public static float[] noise(int turn) {
        return Work.normal(200 + turn, BATCH * LATENT, 0, 1);
    }

    /**
     * What a contender tells of its losses, for others to compare. The generator's loss is a mean of scores of both
     * signs and near zero, which makes its own size no measure of an error: like the critic's first loss, it must agree
     * to a thousandth of the scores.
     *
     * @param gap the loss of the critic before anything is updated
     * @param scores the root mean square of its scores of the images of the first turn, before anything is updated
     * @param losses of the generator in the first rounds
     * @param later the same scores after these rounds
     */
    public static double[] told(double gap, double scores, double[] losses, double later) {
        double[] told = new double[2 + losses.length];
        told[0] = gap / scores;
        told[1] = Math.log(scores); // so that a thousandth of it counts, whatever its size
        for (int i = 0; i < losses.length; i++) {
            told[2 + i] = losses[i] / later;
        }
        return told;
    }

    /** The root mean square of numbers. */
    public static double scale(float[] scores) {
        double sum = 0;
        for (float s : scores) {
            sum += (double) s * s;
        }
        return Math.sqrt(sum / scores.length);
    }

    /** Operations of a round: forward for what is not learned, and two products more for what is. */
    public static double flops() {
        double outer = (double) LARGE * CHANNELS * 16;
        double inner = (double) SMALL * WIDE * CHANNELS * 16;
        double generator = (double) LATENT * SMALL * WIDE + inner + outer;
        double critic = outer + inner + SMALL * WIDE;
        double critics = generator + 2 * (3 * critic - outer);
        double generators = 3 * generator - (double) LATENT * SMALL * WIDE + 2 * critic;
        return 2 * BATCH * (TURNS * critics + generators);
    }
}
