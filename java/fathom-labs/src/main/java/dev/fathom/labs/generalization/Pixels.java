package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Gray images of Fashion-MNIST as rows of numbers of about mean 0 and deviation 1.
 *
 * @param x [n][pixels]
 * @param labels the class of each
 */
record Pixels(float[][] x, int[] labels) {
    private static final float MEAN = 0.286f; // of a pixel of Fashion-MNIST, where white is 1
    private static final float DEVIATION = 0.353f;

    /** The images of some numbers, of 28 x 28 pixels each; squares of {@code side} pixels become their mean. */
    static Pixels of(Dataset data, int side, int... numbers) {
        int width = 28 / side;
        float[][] x = new float[numbers.length][width * width];
        for (int i = 0; i < numbers.length; i++) {
            byte[] bytes = data.pixels(numbers[i]);
            for (int p = 0; p < bytes.length; p++) {
                x[i][p / 28 / side * width + p % 28 / side] +=
                        ((bytes[p] & 0xff) / 255f - MEAN) / DEVIATION / (side * side);
            }
        }
        return new Pixels(x, IntStream.of(numbers).map(data::label).toArray());
    }

    /** The images from number {@code from} on, {@code n} of them or as many as there are. */
    static Pixels range(Dataset data, int side, int from, int n) {
        return of(
                data,
                side,
                IntStream.range(from, Math.min(from + n, data.size())).toArray());
    }

    /**
     * These images, with the labels of a random part of them in a random order: every class keeps its number of images.
     */
    Pixels shuffled(double share, Rng rng) {
        int[] order = rng.permutation(labels.length);
        int[] to = Arrays.copyOf(order, (int) Math.round(share * labels.length));
        int[] from = rng.permutation(to.length);
        int[] mixed = labels.clone();
        for (int i = 0; i < to.length; i++) {
            mixed[to[i]] = labels[to[from[i]]];
        }
        return new Pixels(x, mixed);
    }

    int size() {
        return labels.length;
    }

    /** Batches of these images, to be closed. */
    Dataset dataset() {
        return Dataset.of(x, labels);
    }

    /** All images as a tensor [n, pixels], for the pass under way. */
    Tensor tensor() {
        return Tensor.of(Averages.flat(x), x.length, x[0].length);
    }

    /** For each image 1 in the column of its class and 0 in the others. */
    float[][] oneHot(int classes) {
        float[][] y = new float[labels.length][classes];
        for (int i = 0; i < labels.length; i++) {
            y[i][labels[i]] = 1;
        }
        return y;
    }
}
