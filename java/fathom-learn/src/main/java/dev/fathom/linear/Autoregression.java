package dev.fathom.linear;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A linear autoregression by least squares: each column of a series is forecast one step ahead from the last
 * {@code order} rows of some columns, from itself alone (AR), or from several (VAR), y[t] = b0 + the sum of b[k, s] x[t
 * - order + k, s]. Several steps ahead, its own forecasts stand in for the rows that are not known yet, as
 * {@code Forecast.recursive} of {@code fathom-media} does.
 *
 * <pre>{@code
 * var own = Autoregression.fit(columns, 3, List.of(List.of(0), List.of(1)));
 * float[] tomorrow = own.next(lastThreeRows);              // [3 * 2], the oldest row first
 * }</pre>
 *
 * @param order the number of rows that it reads
 * @param sources for each column the columns that it is forecast from
 * @param fits for each column its fit on the rows of its sources, the oldest row first
 */
public record Autoregression(int order, List<List<Integer>> sources, List<LeastSquares> fits) {
    /**
     * Keeps its own lists.
     *
     * @throws IllegalArgumentException if the order is below 1, there is not one fit for the sources of each column, or
     *     a source is no column
     */
    public Autoregression {
        sources = sources.stream().map(List::copyOf).toList();
        fits = List.copyOf(fits);
        check(order, sources, fits.size(), fits.size() + " fits of the sources ");
    }

    /**
     * Fits {@code columns} [columns][rows]. Columns with the same sources share a decomposition.
     *
     * @throws IllegalArgumentException if the order is below 1, there are not as many sources as columns, a source is
     *     no column, or the rows are too few or do not determine the fit, as {@link LeastSquares#fit} says
     */
    public static Autoregression fit(double[][] columns, int order, List<List<Integer>> sources) {
        check(order, sources, columns.length, "the sources ");
        Map<List<Integer>, List<Integer>> together = new LinkedHashMap<>();
        for (int c = 0; c < columns.length; c++) {
            together.computeIfAbsent(sources.get(c), s -> new ArrayList<>()).add(c);
        }
        LeastSquares[] fits = new LeastSquares[columns.length];
        together.forEach((read, forecast) -> {
            int n = Math.max(0, columns[0].length - order);
            double[][] x = new double[n][order * read.size()];
            double[][] y = new double[forecast.size()][n];
            for (int row = 0; row < n; row++) {
                for (int i = 0; i < x[row].length; i++) {
                    x[row][i] = columns[read.get(i % read.size())][row + i / read.size()];
                }
                for (int i = 0; i < y.length; i++) {
                    y[i][row] = columns[forecast.get(i)][row + order];
                }
            }
            List<LeastSquares> all = LeastSquares.fitAll(x, y);
            for (int i = 0; i < y.length; i++) {
                fits[forecast.get(i)] = all.get(i);
            }
        });
        return new Autoregression(order, sources, List.of(fits));
    }

    private static void check(int order, List<List<Integer>> sources, int columns, String what) {
        if (order < 1
                || sources.size() != columns
                || sources.stream().anyMatch(read -> read.stream().anyMatch(s -> s < 0 || s >= columns))) {
            throw new IllegalArgumentException("autoregression: order=" + order + " with " + what + sources
                    + "; give an order of at least 1, and for each of " + columns + " columns its sources, from 0 to "
                    + (columns - 1));
        }
    }

    /** Returns the largest number of coefficients of an equation, with its intercept. */
    public int parameters() {
        return 1 + order * sources.stream().mapToInt(List::size).max().orElse(0);
    }

    /**
     * Returns the next row from a window of rows [order * columns], the oldest first.
     *
     * @throws IllegalArgumentException if the window has another length
     */
    public float[] next(float... window) {
        int columns = sources.size();
        if (window.length != order * columns) {
            throw new IllegalArgumentException(
                    "autoregression: a window of " + window.length + " numbers; give " + order + " rows of " + columns);
        }
        float[] next = new float[columns];
        for (int c = 0; c < columns; c++) {
            List<Integer> read = sources.get(c);
            double[] row = new double[order * read.size()];
            for (int i = 0; i < row.length; i++) {
                row[i] = window[i / read.size() * columns + read.get(i % read.size())];
            }
            next[c] = (float) fits.get(c).predict(row);
        }
        return next;
    }
}
