package dev.fathom.series;

import dev.fathom.data.Encoder;
import dev.fathom.data.Encoding;
import dev.fathom.data.Table;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * Numbers in named columns, one row for each step of time, the oldest first: [steps, columns].
 *
 * <pre>{@code
 * Series nyse = Series.of(Table.csv(Path.of("NYSE.csv")), "DJ_return", "log_volume", "log_volatility");
 * }</pre>
 *
 * <p>A series is immutable.
 */
public final class Series {
    private final List<String> columns;
    /** Row after row. */
    private final double[] values;

    private Series(List<String> columns, double[] values) {
        this.columns = List.copyOf(columns);
        this.values = values;
    }

    /**
     * Makes a series of rows, which are copied.
     *
     * @throws IllegalArgumentException if there are no columns or no rows, two columns have one name, a row has another number of values than there are
     *     columns, or a value is NaN or infinite
     */
    public static Series of(List<String> columns, double[][] rows) {
        if (columns.isEmpty() || rows.length == 0 || new HashSet<>(columns).size() < columns.size()) {
            throw new IllegalArgumentException("series: there are " + rows.length + " rows of the columns " + columns
                    + "; give at least one row and one column, each with a name of its own");
        }
        int k = columns.size();
        checkSize(rows.length, k);
        double[] values = new double[rows.length * k];
        for (int t = 0; t < rows.length; t++) {
            if (rows[t].length != k) {
                throw new IllegalArgumentException("series: row " + t + " has " + rows[t].length + " values for the "
                        + k + " columns " + columns + "; give one for each");
            }
            for (int c = 0; c < k; c++) {
                if (!Double.isFinite(rows[t][c])) {
                    throw new IllegalArgumentException("series: row " + t + ", column " + columns.get(c) + " is "
                            + rows[t][c] + "; replace it, or leave the row out");
                }
                values[t * k + c] = rows[t][c];
            }
        }
        return new Series(columns, values);
    }

    private static void checkSize(int rows, int columns) {
        if ((long) rows * columns > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("series: " + rows + " rows of " + columns
                    + " values are more than an array can hold; take fewer rows");
        }
    }

    /** Makes a series of these numbers in one column, whose name is "value". */
    public static Series of(double... values) {
        return of(
                List.of("value"),
                Arrays.stream(values).mapToObj(v -> new double[] {v}).toArray(double[][]::new));
    }

    /**
     * Makes a series of some columns of a table, all of them numbers, whose rows are in the order of time.
     *
     * @throws IllegalArgumentException with file, line and column if a value is missing or no number; if no column is named, or one does not exist
     */
    public static Series of(Table table, String... columns) {
        if (columns.length == 0) {
            throw new IllegalArgumentException("series: no column is named; name one of " + table.columns());
        }
        return of(table, new Encoder().number(columns).fit(table));
    }

    /**
     * Makes a series of what an encoding makes of a table: numbers, 0 and 1 for yes and no, one-hot columns such as {@code day=mon}. All features
     * become columns, in their order. They are rounded to floats.
     *
     * @throws IllegalArgumentException with file, line and column if a value is missing or cannot be encoded; if the encoding has no features
     */
    public static Series of(Table table, Encoding encoding) {
        List<String> columns = encoding.features();
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("series: the encoding has no features; name a column in the encoder");
        }
        float[] features = encoding.features(table);
        double[] values = new double[features.length];
        Arrays.setAll(values, i -> features[i]);
        return new Series(columns, values);
    }

    // ---- what it holds

    /** Returns the number of rows. */
    public int length() {
        return values.length / columns.size();
    }

    /** Returns the names of the columns, in their order. */
    public List<String> columns() {
        return columns;
    }

    /**
     * Returns the value of row {@code t}, counted from 0, in a column.
     *
     * @throws IllegalArgumentException if there is no such row or column
     */
    public double value(int t, String column) {
        if (t < 0 || t >= length()) {
            throw new IllegalArgumentException(
                    "value: row " + t + " is outside [0, " + length() + "); the series has " + length() + " rows");
        }
        return at(t, index(column));
    }

    /**
     * Returns the values of a column in the order of time.
     *
     * @throws IllegalArgumentException if there is no such column
     */
    public double[] values(String column) {
        int c = index(column);
        double[] all = new double[length()];
        Arrays.setAll(all, t -> at(t, c));
        return all;
    }

    double at(int t, int column) {
        return values[t * columns.size() + column];
    }

    int index(String column) {
        int c = columns.indexOf(column);
        if (c < 0) {
            throw new IllegalArgumentException(
                    "series: there is no column " + column + "; there are " + columns + ", so name one of them");
        }
        return c;
    }

    /**
     * Returns rows {@code from} to {@code to - 1}.
     *
     * @throws IllegalArgumentException unless {@code 0 <= from < to <= length()}
     */
    public Series take(int from, int to) {
        if (from < 0 || from >= to || to > length()) {
            throw new IllegalArgumentException("take: " + from + " to " + to + " is no part of " + length()
                    + " rows; choose 0 <= from < to <= " + length());
        }
        int k = columns.size();
        return new Series(columns, Arrays.copyOfRange(values, from * k, to * k));
    }

    /** Returns a series of the same columns with {@code value -> value scale[column] + shift[column]}. */
    Series scaled(double[] scale, double[] shift) {
        double[] all = new double[values.length];
        Arrays.setAll(all, i -> values[i] * scale[i % scale.length] + shift[i % scale.length]);
        return new Series(columns, all);
    }

    /** Returns a short form such as {@code Series [6051, 3] of [DJ_return, log_volume, log_volatility]}. */
    @Override
    public String toString() {
        return "Series [" + length() + ", " + columns.size() + "] of " + columns;
    }
}
