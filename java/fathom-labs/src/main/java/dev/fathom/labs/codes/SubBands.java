package dev.fathom.labs.codes;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A code by sub-bands: the bins are divided into bands, and each band of a window is replaced by the nearest of the
 * centers that k-means found for it. Distances are products of matrices here, as k-means of all windows takes too long
 * without.
 *
 * @param first the first bin of each band
 * @param books the centers of each band, [centers][frames * width]
 */
record SubBands(int frames, int[] first, List<float[][]> books) {
    private static final int ROUNDS = 20;
    private static final int BINS = SpectrogramWindows.BINS;

    /** Learns {@code 2^bits} centers for each of some bands of about equal width. */
    static SubBands fit(int frames, float[][] windows, int bands, int bits, long seed) {
        int[] first = IntStream.rangeClosed(0, bands).map(b -> b * BINS / bands).toArray();
        SubBands shape = new SubBands(frames, first, List.of());
        return new SubBands(frames, first, Workers.all().run(bands, b -> {
            float[][] rows = shape.band(b, windows);
            float[][] centers = start(rows, 1 << bits, new Rng(seed).split(b));
            for (int round = 0; round < ROUNDS; round++) {
                move(rows, centers);
            }
            return centers;
        }));
    }

    /**
     * Draws centers in proportion to their squared distance from the nearest so far (Arthur and Vassilvitskii 2007).
     */
    private static float[][] start(float[][] rows, int k, Rng rng) {
        double[] nearest = new double[rows.length];
        Arrays.fill(nearest, 1e9);
        float[][] centers = new float[k][];
        double[] u = rng.doubles(k);
        for (int c = 0; c < k; c++) {
            double left = u[c] * Arrays.stream(nearest).sum();
            int row = 0;
            while (row + 1 < rows.length && left >= nearest[row]) {
                left -= nearest[row++];
            }
            float[] center = rows[row].clone();
            centers[c] = center;
            Arrays.setAll(nearest, i -> Math.min(nearest[i], Vectors.squaredDistance(rows[i], center)));
        }
        return centers;
    }

    /** Moves each center to the mean of the rows that are nearest to it, and leaves it if there are none. */
    private static void move(float[][] rows, float[][] centers) {
        int[] nearest = nearest(rows, centers);
        double[][] sums = new double[centers.length][centers[0].length];
        int[] counts = new int[centers.length];
        for (int i = 0; i < rows.length; i++) {
            counts[nearest[i]]++;
            for (int j = 0; j < rows[i].length; j++) {
                sums[nearest[i]][j] += rows[i][j];
            }
        }
        for (int c = 0; c < centers.length; c++) {
            for (int j = 0; j < sums[c].length && counts[c] > 0; j++) {
                centers[c][j] = (float) (sums[c][j] / counts[c]);
            }
        }
    }

    /** The nearest center c of each row x: |x - c|^2 is least where x'c - |c|^2 / 2 is largest. */
    private static int[] nearest(float[][] rows, float[][] centers) {
        try (Pass pass = Pass.infer()) {
            Tensor c = matrix(centers);
            Tensor half = c.square().sum(-1).mul(0.5f);
            return matrix(rows).matmul(c.transpose(0, 1)).sub(half).argmax(-1).toIntArray();
        }
    }

    private static Tensor matrix(float[][] rows) {
        return Tensor.of(Averages.flat(rows), rows.length, rows[0].length);
    }

    /** A band of windows, [n][frames * width]. */
    private float[][] band(int b, float[][] windows) {
        int width = first[b + 1] - first[b];
        float[][] rows = new float[windows.length][frames * width];
        for (int w = 0; w < windows.length; w++) {
            for (int t = 0; t < frames; t++) {
                System.arraycopy(windows[w], t * BINS + first[b], rows[w], t * width, width);
            }
        }
        return rows;
    }

    /** Replaces each band of windows [n][frames * BINS] by its nearest center. */
    float[][] coded(float[][] windows) {
        List<int[]> codes = Workers.all().run(books.size(), b -> nearest(band(b, windows), books.get(b)));
        float[][] coded = new float[windows.length][frames * BINS];
        for (int b = 0; b < books.size(); b++) {
            int width = first[b + 1] - first[b];
            for (int w = 0; w < windows.length; w++) {
                for (int t = 0; t < frames; t++) {
                    float[] center = books.get(b)[codes.get(b)[w]];
                    System.arraycopy(center, t * width, coded[w], t * BINS + first[b], width);
                }
            }
        }
        return coded;
    }
}
