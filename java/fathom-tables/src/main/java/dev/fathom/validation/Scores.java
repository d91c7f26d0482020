package dev.fathom.validation;

import java.util.Arrays;
import java.util.Locale;

/**
 * The scores of a few trials, such as those of the folds of a cross-validation.
 *
 * @param values one score for each trial
 */
public record Scores(double[] values) {
    /**
     * Keeps the array without a copy.
     *
     * @throws IllegalArgumentException if there are no scores, or one is NaN
     */
    public Scores {
        if (values.length == 0) {
            throw new IllegalArgumentException("scores: there are none; give the score of at least one trial");
        }
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                throw new IllegalArgumentException("scores: the score of trial " + i + " of " + values.length
                        + " is NaN, so there is no mean; give a trial a number for every result, also for "
                        + "a failed one");
            }
        }
    }

    /** Returns the mean. */
    public double mean() {
        return Arrays.stream(values).average().orElseThrow();
    }

    /**
     * Returns the sample standard deviation, whose squares are divided by one less than their number, and NaN for a
     * single score. The scores of folds are not independent, because the folds share training examples, so the
     * deviation divided by the root of their number is too small for a standard error of the mean (Bengio and
     * Grandvalet 2004).
     */
    public double deviation() {
        double mean = mean();
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return Math.sqrt(squares / (values.length - 1));
    }

    /** Returns mean, deviation and number, such as {@code 0.9312 +- 0.0145 over 5 trials}. */
    @Override
    public String toString() {
        return values.length == 1
                ? String.format(Locale.ROOT, "%.4f in 1 trial", mean())
                : String.format(Locale.ROOT, "%.4f +- %.4f over %d trials", mean(), deviation(), values.length);
    }
}
