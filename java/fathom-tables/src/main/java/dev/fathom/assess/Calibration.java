package dev.fathom.assess;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Whether probabilities mean what they say (reliability diagram; DeGroot and Fienberg 1983): examples are put into bins
 * by their predicted probability, and the mean probability of a bin is compared with the share of its examples in which
 * the event happened.
 *
 * @param bins those that have examples, by ascending probability
 */
public record Calibration(List<Bin> bins) {
    /** Keeps its own copy of the list. */
    public Calibration {
        bins = List.copyOf(bins);
    }

    /**
     * Examples of about the same predicted probability.
     *
     * @param low the lower edge, which belongs to the bin below, except for that of the first bin
     * @param high the upper edge, which belongs to the bin
     * @param examples how many there are
     * @param predicted the mean of their predicted probabilities
     * @param observed the share of them in which the event happened
     */
    public record Bin(double low, double high, int examples, double predicted, double observed) {
        double gap() {
            return Math.abs(predicted - observed);
        }
    }

    /**
     * Puts examples into bins of equal width over [0, 1].
     *
     * @param probabilities the predicted probability of an event, for each example
     * @param happened whether the event happened
     * @param bins how many; 15 is usual for the expected calibration error, 10 for a diagram
     * @throws IllegalArgumentException if the lengths differ, there are no examples, a probability is NaN or outside
     *     [0, 1], or bins &lt; 1
     */
    public static Calibration equalWidth(double[] probabilities, boolean[] happened, int bins) {
        check("equalWidth", probabilities, happened, bins);
        double[] edges = new double[bins + 1];
        Arrays.setAll(edges, i -> (double) i / bins);
        return of(probabilities, happened, edges);
    }

    /**
     * Puts examples into bins of about equally many, between quantiles of the probabilities (linear between two of
     * them). Examples of the same probability are in the same bin, so some bins may be larger, or empty and left out.
     *
     * @param probabilities the predicted probability of an event, for each example
     * @param happened whether the event happened
     * @param bins how many
     * @throws IllegalArgumentException if the lengths differ, there are no examples, a probability is NaN or outside
     *     [0, 1], or bins &lt; 1
     */
    public static Calibration equalCount(double[] probabilities, boolean[] happened, int bins) {
        check("equalCount", probabilities, happened, bins);
        double[] sorted = probabilities.clone();
        Arrays.sort(sorted);
        int last = sorted.length - 1;
        double[] edges = new double[bins + 1];
        for (int i = 0; i <= bins; i++) {
            long place = (long) i * last;
            int below = (int) (place / bins);
            double above = (double) (place % bins) / bins;
            edges[i] = sorted[below] + above * (sorted[Math.min(below + 1, last)] - sorted[below]);
        }
        return of(probabilities, happened, edges);
    }

    private static void check(String op, double[] probabilities, boolean[] happened, int bins) {
        if (probabilities.length != happened.length || probabilities.length == 0 || bins < 1) {
            throw new IllegalArgumentException(op + ": there are " + probabilities.length + " probabilities, "
                    + happened.length + " truths and " + bins
                    + " bins; give one truth for each probability, at least one example and at least one bin");
        }
        for (int i = 0; i < probabilities.length; i++) {
            if (!(probabilities[i] >= 0 && probabilities[i] <= 1)) {
                throw new IllegalArgumentException(op + ": the probability of example " + i + " is " + probabilities[i]
                        + "; it must be in [0, 1], so give what softmax or sigmoid makes of logits");
            }
        }
    }

    private static Calibration of(double[] probabilities, boolean[] happened, double[] edges) {
        int bins = edges.length - 1;
        int[] examples = new int[bins];
        int[] events = new int[bins];
        double[] sums = new double[bins];
        for (int i = 0; i < probabilities.length; i++) {
            int bin = bin(probabilities[i], edges);
            examples[bin]++;
            events[bin] += happened[i] ? 1 : 0;
            sums[bin] += probabilities[i];
        }
        List<Bin> found = new ArrayList<>();
        for (int b = 0; b < bins; b++) {
            if (examples[b] > 0) {
                found.add(new Bin(
                        edges[b], edges[b + 1], examples[b], sums[b] / examples[b], (double) events[b] / examples[b]));
            }
        }
        return new Calibration(found);
    }

    /** The number of inner edges below p. */
    private static int bin(double p, double[] edges) {
        int from = 1;
        int to = edges.length - 1;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (edges[middle] < p) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from - 1;
    }

    /** Returns the number of all examples. */
    public int examples() {
        return bins.stream().mapToInt(Bin::examples).sum();
    }

    /**
     * Returns the expected calibration error (ECE), the mean over the examples of |predicted - observed| of their bins
     * (Naeini et al. 2015; Guo et al. 2017). It depends on the bins, so state their kind and number with it.
     */
    public double expectedError() {
        return bins.stream().mapToDouble(b -> b.examples * b.gap()).sum() / examples();
    }

    /** Returns the maximum calibration error (MCE), the largest |predicted - observed| of a bin. */
    public double maximumError() {
        return bins.stream().mapToDouble(Bin::gap).max().orElse(Double.NaN);
    }

    /**
     * Returns the calibration curve as {predicted, observed}, with a point for each bin that has examples; on the
     * diagonal, probabilities are right.
     */
    public double[][] curve() {
        return new double[][] {column(Bin::predicted), column(Bin::observed)};
    }

    private double[] column(ToDoubleFunction<Bin> value) {
        return bins.stream().mapToDouble(value).toArray();
    }

    /** Returns one line for each bin: its edges, examples, mean probability and share of events. */
    @Override
    public String toString() {
        StringBuilder lines = new StringBuilder("      bin         n  predicted  observed");
        for (Bin b : bins) {
            lines.append(String.format(
                    Locale.ROOT,
                    "%n(%.3f, %.3f] %6d     %.4f    %.4f",
                    b.low,
                    b.high,
                    b.examples,
                    b.predicted,
                    b.observed));
        }
        return lines.toString();
    }
}
