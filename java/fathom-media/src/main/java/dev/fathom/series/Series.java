package dev.fathom.series;

import dev.fathom.table.Encoder;
import dev.fathom.table.Encoding;
import dev.fathom.table.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers in named columns, one row for each step of time, the oldest first: [steps, columns].
 *
 * <pre>{@code
 * Times hourly = Times.of("when", DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm"), Duration.ofHours(1));
 * Series air = Series.withHoles(Table.csv(Path.of("air.csv")), hourly, "ozone", "wind");
 * Series filled = air.filled(Filling.linear().upTo(3)).withMask("ozone");
 * }</pre>
 *
 * <p>{@link Windows} take neighboring rows for neighboring steps, so rows that are left out of a file would be
 * forgotten. {@link Times} name the column that says when each row was: {@link #of(Table, Times, String...)} then
 * refuses a file that lacks a row, and {@link #withHoles(Table, Times, String...)} keeps a place for it. A value that
 * is not there is NaN, a hole; windows leave out what touches one, and {@link #filled(Filling, String...)} fills it.
 * Without times a series believes the order of its rows, so do not leave out rows of a table before.
 *
 * <p>A series is immutable.
 */
public final class Series {
    private final List<String> columns;
    /** Row after row; NaN is a hole. */
    private final double[] values;

    /** Which values were filled; null if none was. */
    private final boolean @Nullable [] filled;

    private final @Nullable Clock clock;

    /**
     * The times of the rows: row 0 is row {@code from} of what begins at {@code start}. A text is null where the table
     * left the row out.
     */
    private record Clock(
            Times times, Object start, @Nullable String[] texts, int from) {
        String text(int t) {
            String text = texts[from + t];
            return text == null ? times.text(start, from + t) : text;
        }
    }

    private Series(List<String> columns, double[] values, boolean @Nullable [] filled, @Nullable Clock clock) {
        this.columns = List.copyOf(columns);
        this.values = values;
        this.filled = filled;
        this.clock = clock;
    }

    /**
     * Makes a series of rows, which are copied.
     *
     * @throws IllegalArgumentException if there are no columns or no rows, two columns have one name, a row has another
     *     number of values than there are columns, or a value is NaN or infinite
     */
    public static Series of(List<String> columns, double[][] rows) {
        return of(columns, rows, false);
    }

    /**
     * Makes a series of rows, which are copied, in which NaN is a hole.
     *
     * @throws IllegalArgumentException if there are no columns or no rows, two columns have one name, a row has another
     *     number of values than there are columns, or a value is infinite
     */
    public static Series withHoles(List<String> columns, double[][] rows) {
        return of(columns, rows, true);
    }

    private static Series of(List<String> columns, double[][] rows, boolean holes) {
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
                double v = rows[t][c];
                if (!Double.isFinite(v) && !(holes && Double.isNaN(v))) {
                    throw new IllegalArgumentException("series: row " + t + ", column " + columns.get(c) + " is " + v
                            + (holes ? "; replace it" : "; replace it, or keep NaN as a hole with Series.withHoles"));
                }
                values[t * k + c] = rows[t][c];
            }
        }
        return new Series(columns, values, null, null);
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
     * @throws IllegalArgumentException with file, line and column if a value is missing or no number; if no column is
     *     named, or one does not exist
     */
    public static Series of(Table table, String... columns) {
        return of(table, numbers(table, false, columns));
    }

    /**
     * Makes a series of some columns of a table, in which a missing value is a hole. The rows are those of neighboring
     * steps.
     *
     * @throws IllegalArgumentException with file, line and column if a value is no number; if no column is named, or
     *     one does not exist or has no value
     */
    public static Series withHoles(Table table, String... columns) {
        return of(table, numbers(table, true, columns));
    }

    /**
     * Makes a series of some columns of a table whose rows follow each other by one step of time.
     *
     * @throws IllegalArgumentException with file, line and column if a row is not one step later than the row before,
     *     with the step that was found; if a time cannot be read; otherwise as {@link #of(Table, String...)}
     */
    public static Series of(Table table, Times times, String... columns) {
        return of(table, times, false, numbers(table, false, columns));
    }

    /**
     * Makes a series of some columns of a table, in which a missing value is a hole, and so are all values of a row
     * that the file leaves out: the series has a row for every step of time.
     *
     * @throws IllegalArgumentException with file, line and column if a row is not a whole number of steps later than
     *     the row before, with the step that was found; if a time cannot be read, or a value is no number; if no column
     *     is named, or one does not exist or has no value
     */
    public static Series withHoles(Table table, Times times, String... columns) {
        return of(table, times, true, numbers(table, true, columns));
    }

    /**
     * Makes a series of what an encoding makes of a table whose rows follow each other by one step of time, as
     * {@link #of(Table, Encoding)} does.
     *
     * @throws IllegalArgumentException as {@link #of(Table, Times, String...)} and {@link #of(Table, Encoding)}
     */
    public static Series of(Table table, Times times, Encoding encoding) {
        return of(table, times, false, encoding);
    }

    /**
     * Makes a series of what an encoding makes of a table, in which all values of a row that the file leaves out are
     * holes. A missing value is one if the encoder was told so ({@link Encoder#missingAsNaN}).
     *
     * @throws IllegalArgumentException as {@link #withHoles(Table, Times, String...)} and {@link #of(Table, Encoding)}
     */
    public static Series withHoles(Table table, Times times, Encoding encoding) {
        return of(table, times, true, encoding);
    }

    private static Encoding numbers(Table table, boolean holes, String... columns) {
        if (columns.length == 0) {
            throw new IllegalArgumentException("series: no column is named; name one of " + table.columns());
        }
        Encoder encoder = new Encoder().number(columns);
        return (holes ? encoder.missingAsNaN() : encoder).fit(table);
    }

    private static Series of(Table table, Times times, boolean holes, Encoding encoding) {
        Times.Places places = times.places(table, holes);
        Series rows = of(table, encoding);
        int k = rows.columns.size();
        checkSize(places.length(), k);
        double[] values = new double[places.length() * k];
        Arrays.fill(values, Double.NaN);
        for (int row = 0; row < table.size(); row++) {
            System.arraycopy(rows.values, row * k, values, places.rows()[row] * k, k);
        }
        return new Series(rows.columns, values, null, new Clock(times, places.start(), times.texts(table, places), 0));
    }

    /**
     * Makes a series of what an encoding makes of a table: numbers, 0 and 1 for yes and no, one-hot columns such as
     * {@code day=mon}. All features become columns, in their order. They are rounded to floats. A missing value is a
     * hole if the encoder was told so ({@link Encoder#missingAsNaN}).
     *
     * @throws IllegalArgumentException with file, line and column if a value is missing or cannot be encoded; if the
     *     encoding has no features
     */
    public static Series of(Table table, Encoding encoding) {
        List<String> columns = encoding.features();
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("series: the encoding has no features; name a column in the encoder");
        }
        float[] features = encoding.features(table);
        double[] values = new double[features.length];
        Arrays.setAll(values, i -> features[i]);
        return new Series(columns, values, null, null);
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
     * Returns the value of row {@code t}, counted from 0, in a column; NaN where there is none.
     *
     * @throws IllegalArgumentException if there is no such row or column
     */
    public double value(int t, String column) {
        return at(row("value", t), index(column));
    }

    private int row(String op, int t) {
        if (t < 0 || t >= length()) {
            throw new IllegalArgumentException(
                    op + ": row " + t + " is outside [0, " + length() + "); the series has " + length() + " rows");
        }
        return t;
    }

    /**
     * Returns whether the value of row {@code t} in a column is missing, and was not filled.
     *
     * @throws IllegalArgumentException if there is no such row or column
     */
    public boolean missing(int t, String column) {
        return missing(row("missing", t), index(column));
    }

    boolean missing(int t, int column) {
        return Double.isNaN(at(t, column));
    }

    /**
     * Returns whether the value of row {@code t} in a column was filled: {@code windows.dataset(series, t ->
     * !series.filled(t, "ozone"))} forecasts only what was measured.
     *
     * @throws IllegalArgumentException if there is no such row or column
     */
    public boolean filled(int t, String column) {
        int at = row("filled", t) * columns.size() + index(column);
        return filled != null && filled[at];
    }

    /** Returns how many values are missing, and were not filled, in all columns. */
    public int holes() {
        return (int) Arrays.stream(values).filter(Double::isNaN).count();
    }

    /**
     * Returns the time of row {@code t} as the column of times has it. Of a row that the file leaves out it is the time
     * of the first row plus the steps from there, with that row's offset or zone.
     *
     * @throws IllegalArgumentException if there is no such row, or the series was made without times
     */
    public String time(int t) {
        row("time", t);
        return clock("time").text(t);
    }

    /**
     * Returns the number of the first row at a time or after it, to split by: {@code windows.split(series,
     * series.rowAt("2024-01-01 00:00"))}.
     *
     * @param time as the column of times has it
     * @throws IllegalArgumentException if all rows are before it, the series was made without times, or this is none
     */
    public int rowAt(String time) {
        Clock c = clock("rowAt");
        Object wanted = c.times.parse("rowAt", time, c.start);
        for (int t = 0; t < length(); t++) {
            if (!c.times.after(wanted, c.times.at(c.start, c.from + t))) {
                return t;
            }
        }
        throw new IllegalArgumentException(
                "rowAt: the series ends at " + c.text(length() - 1) + ", before " + time + "; give a time that it has");
    }

    private Clock clock(String op) {
        if (clock == null) {
            throw new IllegalArgumentException(op
                    + ": this series knows no times; name their column when it is made: Series.of(table, times, ..)");
        }
        return clock;
    }

    /**
     * Returns the values of a column in the order of time, NaN where there is none.
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
        return new Series(
                columns,
                Arrays.copyOfRange(values, from * k, to * k),
                filled == null ? null : Arrays.copyOfRange(filled, from * k, to * k),
                clock == null ? null : new Clock(clock.times, clock.start, clock.texts, clock.from + from));
    }

    /** Returns a series of the same columns with {@code value -> value scale[column] + shift[column]}. */
    Series scaled(double[] scale, double[] shift) {
        double[] all = new double[values.length];
        Arrays.setAll(all, i -> values[i] * scale[i % scale.length] + shift[i % scale.length]);
        return new Series(columns, all, filled, clock);
    }

    /**
     * Returns this series with the holes of these columns, or of all without names, filled.
     *
     * @throws IllegalArgumentException if a column does not exist, or has no value to take a mean of
     */
    public Series filled(Filling how, String... names) {
        double[] all = values.clone();
        boolean[] marks = filled == null ? new boolean[values.length] : filled.clone();
        for (String name : names.length == 0 ? columns : List.of(names)) {
            how.fill(all, marks, name, index(name), columns.size());
        }
        return new Series(columns, all, marks, clock);
    }

    /**
     * Returns this series with a further column for each of these, or for all without names, that is called
     * {@code "ozone filled"} and is 1 where the value was filled and 0 elsewhere, so that a net can tell what was
     * measured.
     *
     * @throws IllegalArgumentException if a column does not exist, or has a mask already
     */
    public Series withMask(String... names) {
        List<String> masked = names.length == 0 ? columns : List.of(names);
        List<String> more = new ArrayList<>(columns);
        masked.forEach(name -> more.add(name + " filled"));
        if (new HashSet<>(more).size() < more.size()) {
            throw new IllegalArgumentException(
                    "withMask: one of " + masked + " has a mask already, among " + columns + "; name each column once");
        }
        int k = columns.size();
        int wide = more.size();
        checkSize(length(), wide);
        double[] all = new double[length() * wide];
        boolean[] marks = new boolean[all.length];
        for (int t = 0; t < length(); t++) {
            System.arraycopy(values, t * k, all, t * wide, k);
            for (int c = 0; c < k && filled != null; c++) {
                marks[t * wide + c] = filled[t * k + c];
            }
            for (int m = 0; m < masked.size(); m++) {
                all[t * wide + k + m] = filled(t, masked.get(m)) ? 1 : 0;
            }
        }
        return new Series(more, all, marks, clock);
    }

    /**
     * Returns a short form such as {@code Series [6051, 3] of [DJ_return, log_volume, log_volatility]}, with the number
     * of missing values if there are some.
     */
    @Override
    public String toString() {
        int holes = holes();
        return "Series [" + length() + ", " + columns.size() + "] of " + columns
                + (holes == 0 ? "" : ", " + holes + (holes == 1 ? " value missing" : " values missing"));
    }
}
