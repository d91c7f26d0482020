package dev.fathom.assess;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Counts of (actual class, predicted class); the rows are the actual classes. The accuracy is the trace divided by the
 * total. Its 95 % interval is Wilson's score interval (Wilson 1927), which stays inside [0, 1] and is accurate near 0
 * and 1, where the normal approximation fails.
 */
public final class ConfusionMatrix {
    private static final int SHOWN_CLASSES = 12;
    private static final int SHOWN_PAIRS = 5;

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
        counts[checked(actual)][checked(predicted)]++;
    }

    private int checked(int k) {
        if (k < 0 || k >= counts.length) {
            throw new IllegalArgumentException("confusion matrix: class " + k + " is outside [0, " + counts.length
                    + "); ask for one of its " + counts.length + " classes");
        }
        return k;
    }

    /** Returns the number of classes. */
    public int classes() {
        return counts.length;
    }

    /**
     * Returns the number of examples of class {@code actual} that were predicted as {@code predicted}.
     *
     * @throws IllegalArgumentException if there is no such class, as all methods that take one
     */
    public long count(int actual, int predicted) {
        return counts[checked(actual)][checked(predicted)];
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
        return Arrays.stream(counts[checked(k)]).sum();
    }

    /** The number of examples that were predicted as a class. */
    private long predicted(int k) {
        return Arrays.stream(counts).mapToLong(row -> row[k]).sum();
    }

    /** Returns TP / (TP + FN) of class {@code k}, also called sensitivity, or NaN if it has no examples. */
    public double recall(int k) {
        return (double) count(k, k) / actual(k);
    }

    /**
     * Returns TN / (TN + FP) of class {@code k}, the recall of all other classes together, or NaN if they have no
     * examples.
     */
    public double specificity(int k) {
        long others = total() - actual(k);
        return (double) (others - predicted(k) + count(k, k)) / others;
    }

    /** Returns TP / (TP + FP) of class {@code k}, or NaN if it was never predicted. */
    public double precision(int k) {
        return (double) count(k, k) / predicted(k);
    }

    /** Returns 2 TP / (2 TP + FP + FN) of class {@code k}, or NaN if it has no examples and was never predicted. */
    public double f1(int k) {
        return fBeta(k, 1);
    }

    /**
     * Returns F-beta of class {@code k}, the harmonic mean of precision and recall in which recall counts beta^2 times
     * as much (van Rijsbergen 1979): (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP), or NaN if the class has no
     * examples and was never predicted.
     *
     * @throws IllegalArgumentException if beta is not above 0 or not finite
     */
    public double fBeta(int k, double beta) {
        if (!(beta > 0 && beta < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("fBeta: beta=" + beta
                    + " must be above 0 and finite; 2 counts recall more, and 0.5 counts precision more");
        }
        double b = beta * beta;
        return (1 + b) * count(k, k) / (b * actual(k) + predicted(k));
    }

    /**
     * Returns the mean of a figure over the classes (macro average), in which each class counts alike:
     * {@code m.macro(m::precision)} or {@code m.macro(k -> m.fBeta(k, 2))}. Classes for which the figure is NaN are
     * left out; scikit-learn counts 0 for them.
     */
    public double macro(IntToDoubleFunction figure) {
        return mean(figure, k -> 1);
    }

    /**
     * Returns the mean of a figure over the classes, each weighted by the number of its examples:
     * {@code m.weighted(m::f1)}. Classes for which the figure is NaN are left out.
     */
    public double weighted(IntToDoubleFunction figure) {
        return mean(figure, this::actual);
    }

    private double mean(IntToDoubleFunction figure, IntToDoubleFunction weight) {
        double sum = 0;
        double all = 0;
        for (int k = 0; k < counts.length; k++) {
            double value = figure.applyAsDouble(k);
            if (!Double.isNaN(value)) {
                sum += weight.applyAsDouble(k) * value;
                all += weight.applyAsDouble(k);
            }
        }
        return sum / all;
    }

    /**
     * Returns the counts of these classes, each against the rest, added up (micro average): a matrix of two classes, of
     * which class 1 is "belongs to the class", so that {@code m.micro(1, 2).fBeta(1, 2)} is the micro average of F2 of
     * classes 1 and 2. For all classes, the micro averages of precision, recall and F-beta are the {@link #accuracy}.
     *
     * @throws IllegalArgumentException if none is given, one does not exist, or one is given twice
     */
    public ConfusionMatrix micro(int... classes) {
        if (classes.length == 0
                || IntStream.of(classes).distinct().count() < classes.length
                || IntStream.of(classes).anyMatch(k -> k < 0 || k >= counts.length)) {
            throw new IllegalArgumentException("micro: the classes " + Arrays.toString(classes)
                    + " must be one or more of 0 to " + (counts.length - 1) + ", each given once");
        }
        ConfusionMatrix sum = new ConfusionMatrix(2);
        for (int k : classes) {
            long missed = actual(k) - counts[k][k];
            long wrong = predicted(k) - counts[k][k];
            sum.counts[1][1] += counts[k][k];
            sum.counts[1][0] += missed;
            sum.counts[0][1] += wrong;
            sum.counts[0][0] += total() - counts[k][k] - missed - wrong;
        }
        return sum;
    }

    /**
     * Returns the balanced accuracy, the mean recall of the classes that have examples, which a guess of the most
     * frequent class does not raise. It is NaN if there are no examples.
     */
    public double balancedAccuracy() {
        return macro(this::recall);
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

    /**
     * Returns the accuracy and, for up to 12 classes, the counts, whose rows are the actual classes; for more, the
     * pairs that were confused most often.
     */
    @Override
    public String toString() {
        StringJoiner lines = new StringJoiner(System.lineSeparator() + "  ");
        lines.add(String.format(
                Locale.ROOT,
                "ConfusionMatrix of %d classes, %d examples, accuracy %.2f %%",
                counts.length,
                total(),
                100 * accuracy()));
        if (counts.length <= SHOWN_CLASSES) {
            int width = Math.max(2, Long.toString(total()).length()) + 1;
            IntStream classes = IntStream.range(0, counts.length);
            lines.add("actual" + row(width, classes.mapToLong(k -> k).toArray()) + "  (predicted)");
            for (int k = 0; k < counts.length; k++) {
                lines.add(String.format(Locale.ROOT, "%6d", k) + row(width, counts[k]));
            }
            return lines.toString();
        }
        record Confused(int actual, int predicted, long times) {}
        IntStream.range(0, counts.length)
                .boxed()
                .flatMap(a -> IntStream.range(0, counts.length)
                        .filter(p -> p != a && counts[a][p] > 0)
                        .mapToObj(p -> new Confused(a, p, counts[a][p])))
                .sorted(Comparator.comparingLong(Confused::times).reversed())
                .limit(SHOWN_PAIRS)
                .forEach(c -> lines.add(c.actual + " predicted as " + c.predicted + ": " + c.times));
        return lines.toString();
    }

    private static String row(int width, long[] numbers) {
        return Arrays.stream(numbers)
                .mapToObj(n -> String.format(Locale.ROOT, "%" + width + "d", n))
                .collect(Collectors.joining());
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
