package dev.fathom.labs.outliers;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Windows of some consecutive rows of a series, which overlap.
 *
 * @param length the number of rows in a window
 * @param stride the number of rows from the beginning of a window to that of the next; the last window ends with the
 *     series
 */
record Sliding(int length, int stride) {
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

    /** Windows whose stride is such that there are at most so many over a total of rows. */
    static Sliding atMost(int windows, int length, int total) {
        return new Sliding(length, Math.max(1, (int) Math.ceil((total - length) / (windows - 1.0))));
    }

    /** All windows of rows [n][columns], each row after row: [windows][length columns]. */
    float[][] of(float[][] rows) {
        int columns = rows[0].length;
        int[] starts = starts(rows.length);
        float[][] windows = new float[starts.length][length * columns];
        for (int w = 0; w < starts.length; w++) {
            for (int t = 0; t < length; t++) {
                System.arraycopy(rows[starts[w] + t], 0, windows[w], t * columns, columns);
            }
        }
        return windows;
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

    /** For each row the mean of the scores of the windows that contain it. */
    double[] mean(double[] scores, int rows) {
        double[][] said = new double[scores.length][length];
        for (int w = 0; w < scores.length; w++) {
            Arrays.fill(said[w], scores[w]);
        }
        return mean(said, rows);
    }
}
