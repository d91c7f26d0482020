package dev.fathom.train;

import java.util.Arrays;

/**
 * Counts of (actual class, predicted class); the rows are the actual classes. The accuracy is the trace divided by the total. Its 95 % interval is
 * Wilson's score interval (Wilson 1927), which stays inside [0, 1] and is accurate near 0 and 1, where the normal approximation fails.
 */
public final class ConfusionMatrix {
    private final long[][] counts;

    /** Makes an empty matrix of {@code classes} x {@code classes}. */
    public ConfusionMatrix(int classes) {
        if (classes < 1) {
            throw new IllegalArgumentException("confusion matrix: classes is " + classes + " but must be at least 1");
        }
        counts = new long[classes][classes];
    }

    /** Counts one example. */
    public void add(int actual, int predicted) {
        if (actual < 0 || actual >= counts.length || predicted < 0 || predicted >= counts.length) {
            throw new IllegalArgumentException("confusion matrix: actual " + actual + ", predicted " + predicted
                    + " but classes are 0 to " + (counts.length - 1));
        }
        counts[actual][predicted]++;
    }

    /** Returns the number of classes. */
    public int classes() {
        return counts.length;
    }

    /** Returns the number of examples of class {@code actual} that were predicted as {@code predicted}. */
    public long count(int actual, int predicted) {
        return counts[actual][predicted];
    }

    /** Returns the number of all examples. */
    public long total() {
        return Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
    }

    /** Returns the number of examples on the diagonal, which were predicted correctly. */
    public long correct() {
        long sum = 0;
        for (int i = 0; i < counts.length; i++) {
            sum += counts[i][i];
        }
        return sum;
    }

    /** Returns correct / total, or NaN if there are no examples. */
    public double accuracy() {
        return (double) correct() / total();
    }

    /** Returns TP / (TP + FN) of class {@code k}, or NaN if it has no examples. */
    public double recall(int k) {
        return (double) counts[k][k] / Arrays.stream(counts[k]).sum();
    }

    /** Returns TP / (TP + FP) of class {@code k}, or NaN if it was never predicted. */
    public double precision(int k) {
        return (double) counts[k][k]
                / Arrays.stream(counts).mapToLong(row -> row[k]).sum();
    }

    /** Returns 2 TP / (2 TP + FP + FN) of class {@code k}. */
    public double f1(int k) {
        long actual = Arrays.stream(counts[k]).sum();
        long predicted = Arrays.stream(counts).mapToLong(row -> row[k]).sum();
        return 2.0 * counts[k][k] / (actual + predicted);
    }

    /** Returns the 95 % Wilson score interval of the accuracy, as {low, high}. */
    public double[] accuracyInterval95() {
        double n = total();
        double p = accuracy();
        double z = 1.959963984540054;
        double center = (p + z * z / (2 * n)) / (1 + z * z / n);
        double half = z / (1 + z * z / n) * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
        // rounding must not leave p outside
        return new double[] {Math.max(0, Math.min(p, center - half)), Math.min(1, Math.max(p, center + half))};
    }
}
