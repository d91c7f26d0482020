package dev.fathom.anomaly;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Windows of consecutive rows of a series, which overlap, and scores of rows by those of the windows that contain them:
 * detectors of rows, such as {@link IsolationForest}, find what is unusual in a series if they are given its windows.
 *
 * <pre>{@code
 * var windows = new SlidingWindows(32, 1);
 * double[] scores = IsolationForest.fit(windows.of(learned), 1).scores(windows.of(rows));
 * double[] ofRows = windows.mean(scores, rows.length);
 * }</pre>
 *
 * @param length the number of rows in a window
 * @param stride the number of rows from the beginning of a window to that of the next; the last window ends with the
 *     series
 */
public record SlidingWindows(int length, int stride) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public SlidingWindows {
        if (length < 1 || stride < 1) {
            throw new IllegalArgumentException(
                    "sliding windows: length=" + length + " stride=" + stride + "; give at least 1 for both");
        }
    }

    /**
     * Returns windows of {@code length} rows, with a stride that lets at most {@code windows} of them cover
     * {@code total} rows.
     *
     * @throws IllegalArgumentException if the length is below 1, or there are fewer than 2 windows
     */
    public static SlidingWindows atMost(int windows, int length, int total) {
        if (windows < 2) {
            throw new IllegalArgumentException("sliding windows: at most " + windows + "; give at least 2");
        }
        return new SlidingWindows(length, Math.max(1, (int) Math.ceil((total - length) / (windows - 1.0))));
    }

    /**
     * Returns the first row of each window over a series of {@code rows} rows.
     *
     * @throws IllegalArgumentException if there are fewer rows than in a window
     */
    public int[] starts(int rows) {
        if (rows < length) {
            throw new IllegalArgumentException(
                    "the series has " + rows + " rows, but a window needs " + length + "; give a longer series");
        }
        int last = rows - length;
        return IntStream.concat(IntStream.iterate(0, s -> s < last, s -> s + stride), IntStream.of(last))
                .toArray();
    }

    /**
     * Returns all windows of rows [n][columns], each row after row: [windows][length * columns].
     *
     * @throws IllegalArgumentException if there are fewer rows than in a window, or they differ in length
     */
    public float[][] of(float[][] rows) {
        int[] starts = starts(rows.length);
        int columns = rows[0].length;
        if (!Arrays.stream(rows).allMatch(row -> row.length == columns)) {
            throw new IllegalArgumentException("sliding windows: the rows have different lengths; the first has "
                    + columns + " columns, so give the same number in each");
        }
        float[][] windows = new float[starts.length][length * columns];
        for (int w = 0; w < windows.length; w++) {
            for (int t = 0; t < length; t++) {
                System.arraycopy(rows[starts[w] + t], 0, windows[w], t * columns, columns);
            }
        }
        return windows;
    }

    /**
     * Returns for each row the mean of what the windows that contain it say about it.
     *
     * @param said by each window about each of its rows [windows][length]
     * @throws IllegalArgumentException if there are not as many windows as a series of so many rows has
     */
    public double[] mean(double[][] said, int rows) {
        int[] starts = starts(said.length, rows);
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
     * Returns for each row the mean of the scores of the windows that contain it.
     *
     * @throws IllegalArgumentException if there are not as many scores as a series of so many rows has windows
     */
    public double[] mean(double[] scores, int rows) {
        double[][] said = new double[scores.length][length];
        IntStream.range(0, scores.length).forEach(w -> Arrays.fill(said[w], scores[w]));
        return mean(said, rows);
    }

    /**
     * Returns for each row what the first window that contains it says about it: with a stride of 1, the window of
     * which it is the last row.
     *
     * @param said by each window about each of its rows [windows][length]
     * @throws IllegalArgumentException if there are not as many windows as a series of so many rows has
     */
    public double[] last(double[][] said, int rows) {
        int[] starts = starts(said.length, rows);
        double[] first = new double[rows];
        int next = 0;
        for (int w = 0; w < starts.length; w++) {
            for (; next < starts[w] + length; next++) {
                first[next] = said[w][next - starts[w]];
            }
        }
        return first;
    }

    private int[] starts(int windows, int rows) {
        int[] starts = starts(rows);
        if (starts.length != windows) {
            throw new IllegalArgumentException("sliding windows: " + windows + " windows, but " + rows + " rows have "
                    + starts.length + " of length " + length + "; give one score for each");
        }
        return starts;
    }
}
