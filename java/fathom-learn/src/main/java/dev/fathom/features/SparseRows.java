package dev.fathom.features;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A matrix whose rows hold few numbers that are not 0, in the compressed form of Eisenstat et al. (1982): row i has the
 * numbers {@code values[k]} in the columns {@code places[k]}, for k from {@code starts[i]} to {@code starts[i + 1] -
 * 1}.
 *
 * @param columns how many columns there are
 * @param starts one more than there are rows
 */
public record SparseRows(int columns, int[] starts, int[] places, float[] values) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if there are no rows or columns, or the numbers of places and values are not the
     *     last of the starts
     */
    public SparseRows {
        int n = starts.length == 0 ? 0 : starts[starts.length - 1];
        if (columns < 1 || starts.length < 2 || places.length != n || values.length != n) {
            throw new IllegalArgumentException("sparse rows: " + (starts.length - 1) + " rows of " + columns
                    + " columns whose last start is " + n + ", with " + places.length + " places and "
                    + values.length
                    + " values; give at least one row and column, and as many places and values as the "
                    + "last start says");
        }
    }

    /** Makes rows of a matrix of which every number is held. */
    public static SparseRows dense(float[] values, int columns) {
        int rows = values.length / columns;
        int[] places = new int[values.length];
        for (int i = 0; i < places.length; i++) {
            places[i] = i % columns;
        }
        return new SparseRows(
                columns, IntStream.rangeClosed(0, rows).map(i -> i * columns).toArray(), places, values);
    }

    /** How many rows there are. */
    public int rows() {
        return starts.length - 1;
    }

    /** The sum of each row. */
    public double[] rowSums() {
        double[] sums = new double[rows()];
        for (int i = 0; i < sums.length; i++) {
            for (int k = starts[i]; k < starts[i + 1]; k++) {
                sums[i] += values[k];
            }
        }
        return sums;
    }

    /** The matrix with rows and columns exchanged. */
    public SparseRows transposed() {
        int[] from = new int[columns + 1];
        for (int column : places) {
            from[column + 1]++;
        }
        Arrays.parallelPrefix(from, Integer::sum);
        int[] next = from.clone();
        int[] to = new int[places.length];
        float[] moved = new float[values.length];
        for (int i = 0; i < rows(); i++) {
            for (int k = starts[i]; k < starts[i + 1]; k++) {
                int at = next[places[k]]++;
                to[at] = i;
                moved[at] = values[k];
            }
        }
        return new SparseRows(rows(), from, to, moved);
    }

    /**
     * The product [rows, width] with a dense matrix [columns, width], both row after row. Every row is summed in one
     * order, whatever the threads.
     */
    public double[] times(double[] matrix, int width) {
        double[] product = new double[rows() * width];
        IntStream.range(0, rows()).parallel().forEach(i -> {
            for (int k = starts[i]; k < starts[i + 1]; k++) {
                double value = values[k];
                int from = places[k] * width;
                for (int j = 0; j < width; j++) {
                    product[i * width + j] += value * matrix[from + j];
                }
            }
        });
        return product;
    }
}
