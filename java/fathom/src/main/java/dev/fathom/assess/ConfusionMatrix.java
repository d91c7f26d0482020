package dev.fathom.assess;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Counts of (actual class, predicted class); the rows are the actual classes. The accuracy is the trace divided by the
 * total. Its 95 % interval is Wilson's score interval (Wilson 1927), which stays inside [0, 1] and is accurate near 0
 * and 1, where the normal approximation fails.
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

    /**
     * Counts examples by their labels and predictions.
     *
     * @throws IllegalArgumentException if the lengths differ, classes is below 1, or a label or prediction is not from
     *     0 to classes - 1
     */
    public static ConfusionMatrix of(int[] actual, int[] predicted, int classes) {
        if (actual.length != predicted.length) {
            throw new IllegalArgumentException("confusion matrix: there are " + actual.length + " labels but "
                    + predicted.length + " predictions; give one prediction for each label");
        }
        ConfusionMatrix matrix = new ConfusionMatrix(classes);
        for (int i = 0; i < actual.length; i++) {
            matrix.add(actual[i], predicted[i]);
        }
        return matrix;
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

    /** The number of examples of a class. */
    private long actual(int k) {
        return Arrays.stream(counts[k]).sum();
    }

    /** The number of examples that were predicted as a class. */
    private long predicted(int k) {
        return Arrays.stream(counts).mapToLong(row -> row[k]).sum();
    }

    /** Returns TP / (TP + FN) of class {@code k}, also called sensitivity, or NaN if it has no examples. */
    public double recall(int k) {
        return (double) counts[k][k] / actual(k);
    }

    /**
     * Returns TN / (TN + FP) of class {@code k}, the recall of all other classes together, or NaN if they have no
     * examples.
     */
    public double specificity(int k) {
        long others = total() - actual(k);
        return (double) (others - predicted(k) + counts[k][k]) / others;
    }

    /** Returns TP / (TP + FP) of class {@code k}, or NaN if it was never predicted. */
    public double precision(int k) {
        return (double) counts[k][k] / predicted(k);
    }

    /** Returns 2 TP / (2 TP + FP + FN) of class {@code k}. */
    public double f1(int k) {
        return 2.0 * counts[k][k] / (actual(k) + predicted(k));
    }

    /**
     * Returns the balanced accuracy, the mean recall of the classes that have examples, which a guess of the most
     * frequent class does not raise. It is NaN if there are no examples.
     */
    public double balancedAccuracy() {
        return IntStream.range(0, counts.length)
                .mapToDouble(this::recall)
                .filter(r -> !Double.isNaN(r))
                .average()
                .orElse(Double.NaN);
    }

    /**
     * Returns Matthews' correlation coefficient of labels and predictions (Matthews 1975; Gorodkin 2004 for several
     * classes), with n examples, a_k of class k and p_k predicted as it: (n correct - sum a_k p_k) / sqrt((n^2 - sum
     * a_k^2) (n^2 - sum p_k^2)), from -1 to 1. It is 0 for guessing. It is NaN if all examples are of one class, or all
     * predictions are, where scikit-learn says 0.
     */
    public double mcc() {
        double n = total();
        double chance = 0;
        double actual = n * n;
        double predicted = n * n;
        for (int k = 0; k < counts.length; k++) {
            double a = actual(k);
            double p = predicted(k);
            chance += a * p;
            actual -= a * a;
            predicted -= p * p;
        }
        return (n * correct() - chance) / Math.sqrt(actual) / Math.sqrt(predicted);
    }

    /**
     * Returns Cohen's kappa, (accuracy - chance) / (1 - chance), where chance is the accuracy of predictions that are
     * as frequent but independent of the labels, sum a_k p_k / n^2 (Cohen 1960). It is NaN if chance is 1, because all
     * examples are of one class and predicted as it.
     */
    public double kappa() {
        double n = total();
        double chance = IntStream.range(0, counts.length)
                        .mapToDouble(k -> (double) actual(k) * predicted(k))
                        .sum()
                / (n * n);
        return (accuracy() - chance) / (1 - chance);
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
