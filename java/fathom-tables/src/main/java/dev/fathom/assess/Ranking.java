package dev.fathom.assess;

import java.util.Arrays;
import java.util.Locale;

/**
 * How well scores rank the positive examples before the negative ones, whatever the threshold. Examples with the same
 * score cannot be told apart, so they pass a threshold together: with P positive and N negative examples, of which
 * TP(t) and FP(t) have a score of at least t,
 *
 * <ul>
 *   <li>the ROC curve is TPR(t) = TP(t) / P over FPR(t) = FP(t) / N, and {@link #rocAuc} the area under it by
 *       trapezoids, which is the probability that a random positive example has a larger score than a random negative
 *       one, where equal scores count one half (Hanley and McNeil 1982)
 *   <li>the precision-recall curve is TP(t) / (TP(t) + FP(t)) over TP(t) / P. There are two definitions of the area
 *       under it: {@link #averagePrecision} adds up rectangles, which is the usual one, and {@link #prAuc} adds up
 *       trapezoids, which is too optimistic where points are far apart (Davis and Goadrich 2006)
 * </ul>
 */
public final class Ranking {
    private final double[] thresholds;
    /** With at least this threshold, and 0 before the first. */
    private final int[] truePositives;

    private final int[] falsePositives;

    private Ranking(double[] thresholds, int[] truePositives, int[] falsePositives) {
        this.thresholds = thresholds;
        this.truePositives = truePositives;
        this.falsePositives = falsePositives;
    }

    /**
     * Ranks examples by their scores, which may be probabilities, logits, distances or other numbers.
     *
     * @param scores the larger, the more likely positive
     * @param positive which examples are positive
     * @throws IllegalArgumentException if the lengths differ, there are no examples, a score is NaN, or all examples
     *     are positive or none is
     */
    public static Ranking of(double[] scores, boolean[] positive) {
        int n = scores.length;
        if (n != positive.length || n == 0) {
            throw new IllegalArgumentException("ranking: there are " + n + " scores and " + positive.length
                    + " truths; give one truth for each score, and at least one of each class");
        }
        int count = 0;
        for (int i = 0; i < n; i++) {
            if (Double.isNaN(scores[i])) {
                throw new IllegalArgumentException("ranking: the score of example " + i
                        + " is NaN, which is neither larger nor smaller than another; check the model");
            }
            count += positive[i] ? 1 : 0;
        }
        if (count == 0 || count == n) {
            throw new IllegalArgumentException("ranking: " + (count == 0 ? "none" : "all") + " of the " + n
                    + " examples are positive, so there is nothing to tell apart; give examples of both classes");
        }
        double[] above = new double[count];
        double[] below = new double[n - count];
        for (int i = 0, p = 0; i < n; i++) {
            if (positive[i]) {
                above[p++] = scores[i];
            } else {
                below[i - p] = scores[i];
            }
        }
        Arrays.sort(above);
        Arrays.sort(below);
        return merged(above, below);
    }

    /**
     * Ranks examples by their scores, which may be probabilities, logits, distances or other numbers.
     *
     * @param scores the larger, the more likely positive
     * @param labels 1 for a positive example, 0 for a negative one
     * @throws IllegalArgumentException if the lengths differ, there are no examples, a score is NaN, a label is neither
     *     0 nor 1, or all labels are the same
     */
    public static Ranking of(float[] scores, int[] labels) {
        boolean[] positive = new boolean[labels.length];
        for (int i = 0; i < positive.length; i++) {
            if (labels[i] != 0 && labels[i] != 1) {
                throw new IllegalArgumentException("ranking: the label of example " + i + " is " + labels[i]
                        + "; a positive example has the label 1 and a negative one 0");
            }
            positive[i] = labels[i] == 1;
        }
        double[] values = new double[scores.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = scores[i];
        }
        return of(values, positive);
    }

    /** From the scores of both classes, ascending: goes down through both, all examples of one score at a time. */
    private static Ranking merged(double[] above, double[] below) {
        int n = above.length + below.length;
        double[] thresholds = new double[n];
        int[] tp = new int[n + 1];
        int[] fp = new int[n + 1];
        int p = above.length - 1;
        int q = below.length - 1;
        int at = 0;
        while (p >= 0 || q >= 0) {
            double t = q < 0 || p >= 0 && above[p] > below[q] ? above[p] : below[q];
            while (p >= 0 && above[p] == t) {
                p--;
            }
            while (q >= 0 && below[q] == t) {
                q--;
            }
            thresholds[at++] = t;
            tp[at] = above.length - 1 - p;
            fp[at] = below.length - 1 - q;
        }
        return new Ranking(Arrays.copyOf(thresholds, at), Arrays.copyOf(tp, at + 1), Arrays.copyOf(fp, at + 1));
    }

    /**
     * Returns the different scores, the largest first; point i + 1 of a curve counts the examples with at least the
     * i-th of them.
     */
    public double[] thresholds() {
        return thresholds.clone();
    }

    private int positives() {
        return truePositives[thresholds.length];
    }

    private int negatives() {
        return falsePositives[thresholds.length];
    }

    private double precision(int i) {
        return i == 0 ? 1 : truePositives[i] / ((double) truePositives[i] + falsePositives[i]);
    }

    /**
     * Returns the ROC curve as {false positive rates, true positive rates}, from (0, 0) to (1, 1), with a point for
     * each threshold after the first.
     */
    public double[][] roc() {
        return new double[][] {
            Arrays.stream(falsePositives)
                    .mapToDouble(fp -> (double) fp / negatives())
                    .toArray(),
            Arrays.stream(truePositives)
                    .mapToDouble(tp -> (double) tp / positives())
                    .toArray()
        };
    }

    /**
     * Returns the area under the ROC curve: 0.5 for scores that know nothing, 1 if all positive examples come first.
     */
    public double rocAuc() {
        long twice = 0; // exact: the area of trapezoids, in halves of pairs
        for (int i = 1; i < truePositives.length; i++) {
            twice += (long) (falsePositives[i] - falsePositives[i - 1])
                    * (truePositives[i] + (long) truePositives[i - 1]);
        }
        return twice / (2.0 * positives() * negatives());
    }

    /**
     * Returns the precision-recall curve as {recalls, precisions}, with a point for each threshold after the first,
     * which is recall 0 with precision 1 as in scikit-learn, where no example passes.
     */
    public double[][] precisionRecall() {
        double[] precision = new double[truePositives.length];
        Arrays.setAll(precision, this::precision);
        return new double[][] {
            Arrays.stream(truePositives)
                    .mapToDouble(tp -> (double) tp / positives())
                    .toArray(),
            precision
        };
    }

    /**
     * Returns the average precision, the sum over the thresholds of (recall - recall before) * precision. This is the
     * area under the precision-recall curve by rectangles; scores that know nothing have the share of positive
     * examples. scikit-learn calls it {@code average_precision_score}.
     */
    public double averagePrecision() {
        double sum = 0;
        for (int i = 1; i < truePositives.length; i++) {
            sum += (truePositives[i] - truePositives[i - 1]) * precision(i);
        }
        return sum / positives();
    }

    /**
     * Returns the area under the {@link #precisionRecall} curve by trapezoids, the sum over the thresholds of (recall -
     * recall before) * (precision + precision before) / 2. State which of the two areas you report: this one is usually
     * the larger.
     */
    public double prAuc() {
        double sum = 0;
        for (int i = 1; i < truePositives.length; i++) {
            sum += (truePositives[i] - truePositives[i - 1]) * (precision(i) + precision(i - 1)) / 2;
        }
        return sum / positives();
    }

    /** Returns a short form such as {@code ranking of 6 positive and 10 negative examples, ROC AUC 0.8500}. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "ranking of %d positive and %d negative examples, ROC AUC %.4f",
                positives(),
                negatives(),
                rocAuc());
    }
}
