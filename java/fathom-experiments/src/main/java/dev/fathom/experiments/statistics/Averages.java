package dev.fathom.experiments.statistics;

import dev.fathom.linear.StudentT;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What a series of numbers is like as a whole, and series that are made of others. */
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

    /** The mean of one number of each of the places from 0 to below {@code n}; NaN where there are none. */
    public static double mean(int n, IntToDoubleFunction number) {
        return mean(each(n, number));
    }

    /** The largest distance of a number from that in the same place. */
    public static double furthest(double[] a, double[] b) {
        return most(a.length, i -> Math.abs(a[i] - b[i]));
    }

    /** The largest number of the places from 0 to below {@code n}. */
    public static double most(int n, IntToDoubleFunction number) {
        return Arrays.stream(each(n, number)).max().orElseThrow();
    }

    /** The share of the places from 0 to below {@code n} that have a property; NaN where there are none. */
    public static double share(int n, IntPredicate property) {
        return (double) IntStream.range(0, n).filter(property).count() / n;
    }

    /** The first place of the largest number, from {@code from} to below {@code to}. */
    public static int highest(int from, int to, IntToDoubleFunction number) {
        return lowest(from, to, place -> -number.applyAsDouble(place));
    }

    /** The first place of the least number, from {@code from} to below {@code to}; one that is NaN is not the least. */
    public static int lowest(int from, int to, IntToDoubleFunction number) {
        int place = from;
        for (int i = from + 1; i < to; i++) {
            place = Double.compare(number.applyAsDouble(i), number.applyAsDouble(place)) < 0 ? i : place;
        }
        return place;
    }

    /** One number of each of the places from 0 to below {@code n}. */
    public static double[] each(int n, IntToDoubleFunction number) {
        return IntStream.range(0, n).mapToDouble(number).toArray();
    }

    /** The numbers from 1 to {@code n}, as places on the axis of a chart. */
    public static double[] upTo(int n) {
        return each(n, i -> i + 1.0);
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

    /** Whole numbers as doubles. */
    public static double[] doubles(int... values) {
        return Arrays.stream(values).asDoubleStream().toArray();
    }

    /** Floats as doubles, without a change of their values. */
    public static double[] doubles(float... values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
