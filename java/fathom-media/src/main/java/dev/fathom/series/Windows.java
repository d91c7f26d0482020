package dev.fathom.series;

import dev.fathom.assess.Regression;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Role;
import dev.fathom.nn.Predictions;
import dev.fathom.op.Shape;
import dev.fathom.table.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Windows over a series: each example has the {@code lags} rows before a step and the values to forecast. With L lags
 * and the horizon 1, a series of T rows has T - L windows, and window i forecasts row i + L:
 *
 * <ul>
 *   <li>{@code x} [L, inputs]: the input columns of rows i to i + L - 1, so the oldest first and yesterday last
 *   <li>{@code y} [horizons * targets]: the target columns of row i + L - 1 + h for each horizon h, one horizon after
 *       the other
 *   <li>{@code known} [horizons * known columns], if there are any: columns whose values are known beforehand, such as
 *       the day of the week, at the same rows as {@code y}
 * </ul>
 *
 * <pre>{@code
 * var windows = new Windows(5).targets("log_volume");
 * List<Dataset> parts = windows.split(series, 4000, 5000);                  // train, validation and test by time
 * }</pre>
 *
 * <p>A window that touches a hole of the series, in a column that it takes, is left out. Neighboring rows are
 * neighboring steps of time, so that a hole must have its rows: {@link Series#withHoles(Table, Times, String...)} keeps
 * them.
 *
 * <p>The settings are immutable: each method returns others. Inputs and targets are all columns unless some are named.
 */
public final class Windows {
    private final int lags;
    private final int[] horizons;
    private final List<String> inputs;
    private final List<String> targets;
    private final List<String> known;

    private Windows(int lags, int[] horizons, List<String> inputs, List<String> targets, List<String> known) {
        this.lags = lags;
        this.horizons = horizons;
        this.inputs = inputs;
        this.targets = targets;
        this.known = known;
    }

    /**
     * Makes windows of this many rows that forecast the next row.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Windows(int lags) {
        this(lags, new int[] {1}, List.of(), List.of(), List.of());
        if (lags < 1) {
            throw new IllegalArgumentException("windows: lags=" + lags + "; a window has at least one row");
        }
    }

    /** Returns these windows with these columns as inputs. */
    public Windows inputs(String... columns) {
        return new Windows(lags, horizons, List.of(columns), targets, known);
    }

    /** Returns these windows with these columns to forecast. */
    public Windows targets(String... columns) {
        return new Windows(lags, horizons, inputs, List.of(columns), known);
    }

    /** Returns these windows with these columns, whose values are known beforehand, as the field {@code known}. */
    public Windows known(String... columns) {
        return new Windows(lags, horizons, inputs, targets, List.of(columns));
    }

    /**
     * Returns these windows with other steps to forecast: 1 is the row behind the window, 2 the one after it.
     *
     * @throws IllegalArgumentException if there are none, or they do not ascend from 1 or more
     */
    public Windows horizons(int... steps) {
        for (int i = 0; i < Math.max(1, steps.length); i++) {
            if (steps.length == 0 || steps[i] < 1 || i > 0 && steps[i] <= steps[i - 1]) {
                throw new IllegalArgumentException(
                        "horizons: " + Arrays.toString(steps) + " do not ascend from 1 or more; 1 is the next row");
            }
        }
        return new Windows(lags, steps.clone(), inputs, targets, known);
    }

    // ---- what they are

    /** Returns the number of rows of a window. */
    public int lags() {
        return lags;
    }

    /** Whether the row behind the window is forecast, and no other. */
    boolean oneStep() {
        return horizons.length == 1 && horizons[0] == 1;
    }

    /** The input columns for a series. */
    List<String> inputs(Series series) {
        return inputs.isEmpty() ? series.columns() : inputs;
    }

    /** The target columns for a series. */
    List<String> targets(Series series) {
        return targets.isEmpty() ? series.columns() : targets;
    }

    /**
     * Returns the number of windows of a series that touch no hole.
     *
     * @throws IllegalArgumentException if the series is too short for one, or lacks a column, or a hole is in all of
     *     them
     */
    public int count(Series series) {
        return starts(series).length;
    }

    /** The first rows of the windows that touch no hole. */
    private int[] starts(Series series) {
        int last = horizons[horizons.length - 1];
        long n = (long) series.length() - lags - last + 1;
        if (n < 1) {
            throw new IllegalArgumentException("windows: the series has " + series.length() + " rows, but a window of "
                    + lags + " lags with the horizon " + last + " takes " + ((long) lags + last)
                    + "; use fewer lags, or a longer series");
        }
        boolean[] in = whole(series, inputs(series));
        boolean[] out = whole(
                series, Stream.concat(targets(series).stream(), known.stream()).toList());
        int[] starts = IntStream.range(0, (int) n)
                .filter(i -> Arrays.stream(horizons).allMatch(h -> out[i + lags - 1 + h]))
                .filter(i -> IntStream.range(i, i + lags).allMatch(t -> in[t]))
                .toArray();
        if (starts.length == 0) {
            throw new IllegalArgumentException(
                    "windows: each of the " + n + " windows of " + lags + " lags touches one of the " + series.holes()
                            + " missing values; use fewer lags, or fill the holes");
        }
        return starts;
    }

    /** Whether each row has all values of these columns. */
    private static boolean[] whole(Series series, List<String> columns) {
        int[] indices = indices(series, columns);
        boolean[] whole = new boolean[series.length()];
        for (int t = 0; t < whole.length; t++) {
            int row = t;
            whole[t] = Arrays.stream(indices).noneMatch(c -> series.missing(row, c));
        }
        return whole;
    }

    // ---- datasets

    /**
     * Returns all windows that touch no hole in the order of time.
     *
     * @throws IllegalArgumentException if the series is too short or lacks a column, or a hole is in all windows
     */
    public Dataset dataset(Series series) {
        return dataset(series, t -> true);
    }

    /**
     * Returns the windows that touch no hole and all of whose forecast rows have a number that {@code rows} accepts, in
     * the order of time. The rows of the window itself may be any: {@code t -> series.value(t, "train") == 1} gives the
     * windows that forecast a row with that flag.
     *
     * @throws IllegalArgumentException if the series is too short or lacks a column, or there is no such window
     */
    public Dataset dataset(Series series, IntPredicate rows) {
        int[] all = starts(series);
        int[] starts = Arrays.stream(all)
                .filter(i -> Arrays.stream(horizons).allMatch(h -> rows.test(i + lags - 1 + h)))
                .toArray();
        if (starts.length == 0) {
            throw new IllegalArgumentException("windows: none of the " + all.length
                    + " windows forecasts only rows that are accepted; accept more of them");
        }
        int[] in = indices(series, inputs(series));
        int[] out = indices(series, targets(series));
        int[] more = indices(series, known);
        List<Field> fields = new ArrayList<>();
        fields.add(field(
                        "x",
                        Shape.of(lags, in.length),
                        starts,
                        series,
                        in,
                        IntStream.range(0, lags).toArray())
                .input());
        int[] ahead = Arrays.stream(horizons).map(h -> lags - 1 + h).toArray();
        if (more.length > 0) {
            fields.add(field("known", Shape.of(ahead.length * more.length), starts, series, more, ahead));
        }
        fields.add(field("y", Shape.of(ahead.length * out.length), starts, series, out, ahead)
                .target());
        return Dataset.of(fields.toArray(Field[]::new));
    }

    private static int[] indices(Series series, List<String> columns) {
        return columns.stream().mapToInt(series::index).toArray();
    }

    /** These columns of the rows {@code start + steps[..]} for each start. */
    private static Field field(String name, Shape shape, int[] starts, Series series, int[] columns, int[] steps) {
        if (starts.length * shape.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("windows: " + starts.length + " windows of " + shape
                    + " values are more than an array can hold; take a part of the series");
        }
        float[] values = new float[(int) (starts.length * shape.size())];
        int at = 0;
        for (int start : starts) {
            for (int step : steps) {
                for (int c : columns) {
                    values[at++] = (float) series.at(start + step, c);
                }
            }
        }
        return Field.floats(name, shape, values);
    }

    /**
     * Splits the windows by time: {@code split(series, 4000, 5000)} gives the windows that forecast rows 0 to 3,999, to
     * train on, rows 4,000 to 4,999, to validate, and the rest, to test. A window whose forecasts lie in two parts is
     * in none.
     *
     * @param cuts the numbers of the rows with which the second part and those after it begin, ascending
     * @throws IllegalArgumentException if the cuts do not ascend within the series, the series is too short or lacks a
     *     column, or a part has no window
     */
    public List<Dataset> split(Series series, int... cuts) {
        int[] ends = Arrays.copyOf(cuts, cuts.length + 1);
        ends[cuts.length] = series.length();
        int from = 0;
        for (int end : ends) {
            if (end <= from) {
                throw new IllegalArgumentException("split: the cuts " + Arrays.toString(cuts) + " do not ascend within "
                        + series.length() + " rows; choose 0 < first < ... < " + series.length());
            }
            from = end;
        }
        List<Dataset> parts = new ArrayList<>();
        try {
            from = 0;
            for (int end : ends) {
                int first = from;
                parts.add(dataset(series, t -> t >= first && t < end));
                from = end;
            }
            return List.copyOf(parts);
        } catch (RuntimeException e) {
            parts.forEach(Dataset::close);
            throw e;
        }
    }

    /**
     * Returns how far predictions for a dataset of these windows are from the true values, for each horizon alone, so
     * that the error six steps ahead stands beside the error of the next step:
     *
     * <pre>{@code
     * windows.errors(test, model.predict(test)).forEach((ahead, e) -> System.out.println(ahead + " " + e.rmse()));
     * }</pre>
     *
     * @return the horizons in their order, each with its errors over all windows and targets
     * @throws IllegalArgumentException if there is another number of predictions than examples, or an example has
     *     another number of values than horizons and targets have
     */
    public SortedMap<Integer, Regression> errors(Dataset data, Predictions predictions) {
        int n = data.size();
        int width = (int) data.shape(data.name(Role.TARGET)).size();
        if (predictions.size() != n
                || width % horizons.length != 0
                || Arrays.stream(predictions.rows()).anyMatch(row -> row.length != width)) {
            throw new IllegalArgumentException("errors: there are " + predictions.size() + " predictions of "
                    + predictions.shape() + " for " + n + " windows of " + width + " values and " + horizons.length
                    + " horizons; give a prediction for each value");
        }
        float[] truth = new float[n * width];
        int[] at = new int[1];
        data.forEach(batch -> {
            float[] y = batch.y().toArray();
            System.arraycopy(y, 0, truth, at[0], y.length);
            at[0] += y.length;
        });
        int targets = width / horizons.length;
        SortedMap<Integer, Regression> errors = new TreeMap<>();
        for (int h = 0; h < horizons.length; h++) {
            float[] y = new float[n * targets];
            float[] predicted = new float[n * targets];
            for (int i = 0; i < n; i++) {
                System.arraycopy(truth, i * width + h * targets, y, i * targets, targets);
                System.arraycopy(predictions.rows()[i], h * targets, predicted, i * targets, targets);
            }
            errors.put(horizons[h], Regression.of(y, predicted));
        }
        return errors;
    }

    /** Returns a short form such as {@code windows of 5 lags, horizons [1]}. */
    @Override
    public String toString() {
        return "windows of " + lags + (lags == 1 ? " lag, horizons " : " lags, horizons ") + Arrays.toString(horizons);
    }
}
