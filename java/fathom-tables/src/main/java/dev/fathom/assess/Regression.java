package dev.fathom.assess;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How far predictions of numbers are from the true values y:
 *
 * <pre>{@code
 * var errors = Regression.of(truths, predictions);
 * System.out.println(errors.r2() + " " + errors.mae());
 * }</pre>
 */
public final class Regression {
    private final double[] truth;
    private final double[] predicted;

    private Regression(double[] truth, double[] predicted) {
        this.truth = truth;
        this.predicted = predicted;
    }

    /**
     * Compares predictions with the true values.
     *
     * @throws IllegalArgumentException if the lengths differ, there are none, or a number is NaN or infinite
     */
    public static Regression of(double[] truth, double[] predicted) {
        if (truth.length != predicted.length || truth.length == 0) {
            throw new IllegalArgumentException("regression: there are " + truth.length + " true values and "
                    + predicted.length + " predictions; give one prediction for each, and at least one");
        }
        for (int i = 0; i < truth.length; i++) {
            if (!Double.isFinite(truth[i]) || !Double.isFinite(predicted[i])) {
                throw new IllegalArgumentException("regression: the true value of example " + i + " is " + truth[i]
                        + " and its prediction " + predicted[i]
                        + "; both must be finite, so check the model, or leave the example out");
            }
        }
        return new Regression(truth.clone(), predicted.clone());
    }

    /**
     * Compares predictions, such as those of a tensor, with the true values.
     *
     * @throws IllegalArgumentException if the lengths differ, there are none, or a number is NaN or infinite
     */
    public static Regression of(float[] truth, float[] predicted) {
        return of(doubles(truth), doubles(predicted));
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private double mean(IntToDoubleFunction ofExample) {
        return IntStream.range(0, truth.length).mapToDouble(ofExample).average().orElseThrow();
    }

    private double error(int i) {
        return truth[i] - predicted[i];
    }

    /** Returns the mean squared error, the mean of (y - prediction)^2. */
    public double mse() {
        return mean(i -> error(i) * error(i));
    }

    /** Returns the root of the mean squared error, in the unit of y. */
    public double rmse() {
        return Math.sqrt(mse());
    }

    /** Returns the mean absolute error, the mean of |y - prediction|, in the unit of y. */
    public double mae() {
        return mean(i -> Math.abs(error(i)));
    }

    /**
     * Returns the mean absolute percentage error as a share, the mean of |y - prediction| / |y|: 0.05 means 5 %.
     *
     * @throws IllegalStateException if a true value is 0, so that no prediction is a share of it
     */
    public double mape() {
        for (int i = 0; i < truth.length; i++) {
            if (truth[i] == 0) {
                throw new IllegalStateException("mape: the true value of example " + i
                        + " is 0, so its error is no share of it; use mae, or leave such examples out");
            }
        }
        return mean(i -> Math.abs(error(i) / truth[i]));
    }

    /**
     * Returns R2, the coefficient of determination, 1 - sum (y - prediction)^2 / sum (y - mean of y)^2: 1 for
     * predictions without an error, 0 for the mean of these very values, negative for anything worse.
     *
     * @throws IllegalStateException if all true values are the same, so that there is no spread to explain
     */
    public double r2() {
        if (Arrays.stream(truth).allMatch(y -> y == truth[0])) {
            throw new IllegalStateException("r2: all " + truth.length + " true values are " + truth[0]
                    + ", so there is no spread to explain; use mae or rmse, or give more examples");
        }
        double mean = mean(i -> truth[i]);
        return 1 - mse() / mean(i -> (truth[i] - mean) * (truth[i] - mean));
    }
}
