package dev.fathom.labs.outliers;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Windows of some consecutive rows of a series, which overlap, and the errors with which networks write them again.
 *
 * @param length the number of rows in a window
 * @param stride the number of rows from the beginning of a window to that of the next; the last window ends with the
 *     series
 */
record Sliding(int length, int stride) {
    private static final int CHUNK = 512;

    /** Windows whose stride is such that there are at most so many over a total of rows. */
    static Sliding atMost(int windows, int length, int total) {
        return new Sliding(length, Math.max(1, (int) Math.ceil((total - length) / (windows - 1.0))));
    }

    /** The first row of each window over so many rows. */
    int[] starts(int rows) {
        if (rows < length) {
            throw new IllegalArgumentException(
                    "the series has " + rows + " rows, but a window needs " + length + "; give a longer series");
        }
        int last = rows - length;
        return IntStream.concat(IntStream.iterate(0, s -> s < last, s -> s + stride), IntStream.of(last))
                .toArray();
    }

    /** All windows of rows [n][columns], each row after row: [windows][length columns]. */
    float[][] of(float[][] rows) {
        return IntStream.of(starts(rows.length))
                .mapToObj(start -> Averages.flat(Arrays.copyOfRange(rows, start, start + length)))
                .toArray(float[][]::new);
    }

    /** For each row the mean of what the windows that contain it say about it. */
    double[] mean(double[][] said, int rows) {
        int[] starts = starts(rows);
        double[] sums = new double[rows];
        int[] counts = new int[rows];
        for (int w = 0; w < starts.length; w++) {
            for (int t = 0; t < length; t++) {
                sums[starts[w] + t] += said[w][t];
                counts[starts[w] + t]++;
            }
        }
        return IntStream.range(0, rows).mapToDouble(t -> sums[t] / counts[t]).toArray();
    }

    /** For each row the mean of the scores of the windows that contain it. */
    double[] mean(double[] scores, int rows) {
        double[][] said = new double[scores.length][length];
        IntStream.range(0, scores.length).forEach(w -> Arrays.fill(said[w], scores[w]));
        return mean(said, rows);
    }

    /**
     * For each row what the first window that contains it says about it: with a stride of 1, the window of which it is
     * the last row.
     */
    double[] last(double[][] said, int rows) {
        double[] first = new double[rows];
        int next = 0;
        int[] starts = starts(rows);
        for (int w = 0; w < starts.length; w++) {
            for (; next < starts[w] + length; next++) {
                first[next] = said[w][next - starts[w]];
            }
        }
        return first;
    }

    // ---- what networks write

    /**
     * The squared error of each of some networks at each row, which is the mean over the windows that contain the row.
     *
     * @param networks what each of them writes for windows x [m, length, columns]
     */
    double[][] errors(float[][] rows, Function<Tensor, List<Tensor>> networks) {
        int columns = rows[0].length;
        float[][] windows = of(rows);
        return Stream.of(written(windows, columns, networks))
                .map(again -> mean(squared(again, windows, columns), rows.length))
                .toArray(double[][]::new);
    }

    /** What some networks write for windows [n][rows columns]: [networks][n][rows columns]. */
    static float[][][] written(float[][] windows, int columns, Function<Tensor, List<Tensor>> networks) {
        int numbers = windows[0].length;
        float[][][] all = new float[0][][];
        for (int from = 0; from < windows.length; from += CHUNK) {
            float[][] some = Arrays.copyOfRange(windows, from, Math.min(windows.length, from + CHUNK));
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(Averages.flat(some), some.length, numbers / columns, columns);
                List<Tensor> again = networks.apply(x);
                all = from == 0 ? new float[again.size()][windows.length][] : all;
                for (int m = 0; m < all.length; m++) {
                    float[] values = again.get(m).toArray();
                    for (int w = 0; w < some.length; w++) {
                        all[m][from + w] = Arrays.copyOfRange(values, w * numbers, (w + 1) * numbers);
                    }
                }
            }
        }
        return all;
    }

    /**
     * The sum over the columns of the squared error of each row of each window, [windows][rows]. Each column is squared
     * before the sum, so that errors of opposite signs do not cancel.
     *
     * @param again what was written, and {@code windows} what was read: [windows][rows columns]
     */
    static double[][] squared(float[][] again, float[][] windows, int columns) {
        double[][] squared = new double[windows.length][windows[0].length / columns];
        for (int w = 0; w < windows.length; w++) {
            for (int i = 0; i < windows[w].length; i++) {
                double error = (double) again[w][i] - windows[w][i];
                squared[w][i / columns] += error * error;
            }
        }
        return squared;
    }

    /** The score of each row, which is the median of the errors of the members of an ensemble [members][rows]. */
    static double[] median(double[]... errors) {
        return IntStream.range(0, errors[0].length)
                .mapToDouble(t -> Averages.median(List.of(errors), member -> member[t]))
                .toArray();
    }
}
