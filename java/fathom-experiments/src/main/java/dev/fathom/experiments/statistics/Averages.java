package dev.fathom.experiments.statistics;

import dev.fathom.linear.StudentT;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What a series of numbers is like as a whole. */
public final class Averages {
    private Averages() {}

    /** The mean; NaN where there are no numbers. */
    public static double mean(double... values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    /**
     * The number in the middle of their order, or the mean of the two in the middle; NaN where there are no numbers.
     */
    public static double median(double... values) {
        int n = values.length;
        double[] sorted = Arrays.stream(values).sorted().toArray();
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** The mean of one number of each of some things; NaN where there are none. */
    public static <T> double mean(List<T> of, ToDoubleFunction<T> number) {
        return mean(of.stream().mapToDouble(number).toArray());
    }

    /** The median of one number of each of some things; NaN where there are none. */
    public static <T> double median(List<T> of, ToDoubleFunction<T> number) {
        return median(of.stream().mapToDouble(number).toArray());
    }

    /** The standard deviation, with n - 1 below the sum of the squares; NaN where there are fewer than two numbers. */
    public static double deviation(double... values) {
        double mean = mean(values);
        return Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1));
    }

    /**
     * The half width of the 95 % confidence interval of the mean, by Student's distribution of t.
     *
     * @throws IllegalArgumentException if there are fewer than two numbers
     */
    public static double interval95(double... values) {
        int degrees = values.length - 1;
        if (degrees < 1) {
            throw new IllegalArgumentException("interval: " + values.length + " numbers; give at least two");
        }
        double low = 0;
        double high = 100;
        for (int round = 0; round < 60; round++) {
            double t = (low + high) / 2;
            if (StudentT.twoSided(t, degrees) > 0.05) {
                low = t;
            } else {
                high = t;
            }
        }
        return low * deviation(values) / Math.sqrt(values.length);
    }

    /** The square root of the sum of the squares. */
    public static double norm(float... values) {
        return Math.sqrt(Arrays.stream(doubles(values)).map(v -> v * v).sum());
    }

    /** Rows one after the other as one array, [n][m] to [n m]. */
    public static float[] flat(float[]... rows) {
        float[] all = new float[Arrays.stream(rows).mapToInt(row -> row.length).sum()];
        int at = 0;
        for (float[] row : rows) {
            System.arraycopy(row, 0, all, at, row.length);
            at += row.length;
        }
        return all;
    }

    /** Doubles rounded to floats. */
    public static float[] floats(double... values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    /** Floats as doubles, without a change of their values. */
    public static double[] doubles(float... values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
