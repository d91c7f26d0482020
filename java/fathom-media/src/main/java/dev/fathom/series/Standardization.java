package dev.fathom.series;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Scales columns to mean 0 and standard deviation 1: z = (x - mean) / deviation. Mean and deviation are those of the
 * rows that it is fitted on, which are the rows to train on, so that nothing leaks from the others:
 *
 * <pre>{@code
 * var scale = Standardization.fit(series.take(0, 4281), "log_volume");
 * Series scaled = scale.apply(series);
 * double volume = scale.original("log_volume", forecast);
 * }</pre>
 *
 * <p>Holes are left out of the mean and the deviation, and stay holes when they are scaled.
 *
 * <p>Some textbooks scale by the whole series before they split it: {@code Standardization.fit(series)}.
 *
 * @param columns the columns that are scaled
 * @param means the mean of each
 * @param deviations the standard deviation of each
 */
public record Standardization(List<String> columns, List<Double> means, List<Double> deviations) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are no columns, another number of means or deviations, a number is not
     *     finite, or a deviation is not above 0
     */
    public Standardization {
        columns = List.copyOf(columns);
        means = List.copyOf(means);
        deviations = List.copyOf(deviations);
        if (columns.isEmpty() || means.size() != columns.size() || deviations.size() != columns.size()) {
            throw new IllegalArgumentException("standardization: " + means.size() + " means and " + deviations.size()
                    + " deviations for the columns " + columns + "; give one of each for every column, at least one");
        }
        for (int c = 0; c < columns.size(); c++) {
            double mean = means.get(c);
            double deviation = deviations.get(c);
            if (!Double.isFinite(mean) || !(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("standardization: column " + columns.get(c) + " has the mean " + mean
                        + " and the deviation " + deviation + "; both must be finite, and the deviation above 0");
            }
        }
    }

    /**
     * Learns mean and deviation, with the divisor n, of these columns, or of all without names.
     *
     * @throws IllegalArgumentException if a column does not exist, or is the same in all rows
     */
    public static Standardization fit(Series series, String... columns) {
        return fit(series, t -> true, columns);
    }

    /**
     * Learns mean and deviation of these columns, or of all without names, from the rows whose numbers {@code rows}
     * accepts, such as {@code t -> series.value(t, "train") == 1}.
     *
     * @throws IllegalArgumentException if no row is accepted, a column does not exist, or is the same in all rows
     */
    public static Standardization fit(Series series, IntPredicate rows, String... columns) {
        List<String> names = columns.length == 0 ? series.columns() : List.of(columns);
        List<Double> means = new ArrayList<>();
        List<Double> deviations = new ArrayList<>();
        for (String name : names) {
            int c = series.index(name);
            double sum = 0;
            double least = Double.POSITIVE_INFINITY;
            double most = Double.NEGATIVE_INFINITY;
            int n = 0;
            for (int t = 0; t < series.length(); t++) {
                if (rows.test(t) && !series.missing(t, c)) {
                    double x = series.at(t, c);
                    sum += x;
                    least = Math.min(least, x);
                    most = Math.max(most, x);
                    n++;
                }
            }
            if (n == 0) {
                throw new IllegalArgumentException("standardization: none of the " + series.length()
                        + " rows is accepted" + (series.holes() > 0 ? " and has a value of column " + name : "")
                        + "; choose at least two to fit on");
            }
            double mean = sum / n;
            double squares = 0;
            for (int t = 0; t < series.length(); t++) {
                double d = rows.test(t) && !series.missing(t, c) ? series.at(t, c) - mean : 0;
                squares += d * d;
            }
            if (least == most || squares == 0) { // the rounded mean of equal numbers may be another one
                throw new IllegalArgumentException("standardization: column " + name + " is " + least + " in all " + n
                        + " rows, so there is nothing to scale by; leave it out");
            }
            means.add(mean);
            deviations.add(Math.sqrt(squares / n));
        }
        return new Standardization(names, means, deviations);
    }

    /**
     * Returns a series with these columns scaled and the others as they are.
     *
     * @throws IllegalArgumentException if a column does not exist
     */
    public Series apply(Series series) {
        double[] scale = new double[series.columns().size()];
        double[] shift = new double[scale.length];
        Arrays.fill(scale, 1);
        for (int i = 0; i < columns.size(); i++) {
            int c = series.index(columns.get(i));
            scale[c] = 1 / deviations.get(i);
            shift[c] = -means.get(i) / deviations.get(i);
        }
        return series.scaled(scale, shift);
    }

    /**
     * Returns the number that {@code scaled} was before it was scaled: scaled deviation + mean.
     *
     * @throws IllegalArgumentException if the column is not scaled
     */
    public double original(String column, double scaled) {
        int c = columns.indexOf(column);
        if (c < 0) {
            throw new IllegalArgumentException(
                    "original: column " + column + " is not scaled; there are " + columns + ", so name one of them");
        }
        return scaled * deviations.get(c) + means.get(c);
    }
}
