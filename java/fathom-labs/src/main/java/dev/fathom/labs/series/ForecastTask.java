package dev.fathom.labs.series;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ExchangeRates;
import dev.fathom.experiments.data.RoadTraffic;
import dev.fathom.series.Series;
import dev.fathom.series.Standardization;
import dev.fathom.series.Windows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A series to forecast, and how.
 *
 * @param name the name in folders and files
 * @param title the name on pages
 * @param series the series to forecast, in its own unit; gaps hold the last value before them
 * @param measured whether each value [row][column] was measured, so that it counts in the loss and the scores
 * @param validation the first row of the validation part
 * @param test the first row of the test part
 * @param lags the number of rows that a network reads
 * @param horizons the numbers of steps ahead that are scored
 * @param unit the unit of time
 * @param unitsPerStep the units of time from row to row
 * @param randomWalk whether the level drifts without returning to a mean, so that networks read differences from the
 *     last row
 * @param roads the weights of the road graph [from][to]; empty where there is none
 */
public record ForecastTask(
        String name,
        String title,
        Series series,
        boolean[][] measured,
        int validation,
        int test,
        int lags,
        int[] horizons,
        String unit,
        int unitsPerStep,
        boolean randomWalk,
        double[][] roads) {
    /** Eight exchange rates by day, the first {@code rows} of them. */
    public static ForecastTask exchange(@Nullable Path data, int rows) {
        return of(
                "exchange-rate",
                "Exchange rates",
                ExchangeRates.read(data, rows),
                new double[] {0.6, 0.8},
                28,
                new int[] {3, 6, 12, 24},
                "days",
                1,
                true,
                new double[0][]);
    }

    /**
     * Speeds at loop detectors every five minutes: the first {@code rows} of them, at the first {@code sensors}
     * detectors.
     */
    public static ForecastTask traffic(@Nullable Path data, int rows, int sensors) {
        RoadTraffic traffic = RoadTraffic.read(data, rows, sensors);
        return of(
                "metr-la-week",
                "One week of METR-LA",
                traffic.speeds(),
                new double[] {0.7, 0.8},
                12,
                new int[] {3, 6, 12},
                "minutes",
                5,
                false,
                traffic.roads());
    }

    private static ForecastTask of(
            String name,
            String title,
            Series raw,
            double[] cuts,
            int lags,
            int[] horizons,
            String unit,
            int unitsPerStep,
            boolean randomWalk,
            double[][] roads) {
        int columns = raw.columns().size();
        double[][] values = new double[raw.length()][columns];
        boolean[][] measured = new boolean[raw.length()][columns];
        for (int c = 0; c < columns; c++) {
            double[] column = raw.values(raw.columns().get(c));
            double last = Arrays.stream(column).filter(v -> v != 0).findFirst().orElse(0);
            for (int t = 0; t < column.length; t++) {
                measured[t][c] = column[t] != 0;
                last = measured[t][c] ? column[t] : last;
                values[t][c] = last;
            }
        }
        return new ForecastTask(
                name,
                title,
                Series.of(raw.columns(), values),
                measured,
                (int) (cuts[0] * raw.length()),
                (int) (cuts[1] * raw.length()),
                lags,
                horizons,
                unit,
                unitsPerStep,
                randomWalk,
                roads);
    }

    /**
     * For each column the columns from which a vector autoregression forecasts it: itself and those that the road graph
     * joins to it, or all where there is no graph.
     */
    List<List<Integer>> sources() {
        return IntStream.range(0, columns())
                .mapToObj(c -> IntStream.range(0, columns())
                        .filter(s -> roads.length == 0 || s == c || roads[c][s] > 0)
                        .boxed()
                        .toList())
                .toList();
    }

    /** Puts what the words of a lab say about the series and its parts. */
    public Lab put(Lab lab) {
        double perDay = 24.0 * 60 / unitsPerStep;
        return lab.put(this)
                .put("columns", columns())
                .put("after training", validation + 1)
                .put("after validation", test + 1)
                .put("rows", series.length())
                .put("forecasts", testOrigins().length)
                .put("missing", missing())
                .put("crowded", 1 + validation / columns())
                .put("training days", validation / perDay)
                .put("test days", (series.length() - test) / perDay);
    }

    /**
     * Scales by the standard deviation of the training rows or, for a random walk, by the root mean square of their
     * changes.
     */
    Standardization scale() {
        if (!randomWalk) {
            return Standardization.fit(series.take(0, validation));
        }
        List<Double> means = new ArrayList<>();
        List<Double> changes = new ArrayList<>();
        for (String column : series.columns()) {
            double[] values = series.values(column);
            means.add(Arrays.stream(values, 0, validation).average().orElse(0));
            changes.add(Math.sqrt(IntStream.range(1, validation)
                    .mapToDouble(t -> Math.pow(values[t] - values[t - 1], 2))
                    .average()
                    .orElse(1)));
        }
        return new Standardization(series.columns(), means, changes);
    }

    /** The scaled windows for training, validation and the test. */
    public List<Dataset> parts() {
        String[] columns = series.columns().toArray(String[]::new);
        return new Windows(lags)
                .horizons(horizons)
                .inputs(columns)
                .targets(columns)
                .known(masks().toArray(String[]::new))
                .split(masked(scale().apply(series)), validation, test);
    }

    private long missing() {
        return IntStream.range(0, series.length() * columns())
                .filter(i -> !measured[i / columns()][i % columns()])
                .count();
    }

    /** The farthest horizon, in steps. */
    public int farthest() {
        return horizons[horizons.length - 1];
    }

    /** A horizon in words, such as {@code 15 minutes}. */
    public String ahead(int horizon) {
        return horizon * unitsPerStep + " " + unit;
    }

    /** The first unknown row of each forecast whose rows at all horizons lie in [from, to). */
    int[] origins(int from, int to) {
        return IntStream.range(Math.max(lags, from - horizons[0] + 1), to - farthest() + 1)
                .toArray();
    }

    int[] validationOrigins() {
        return origins(validation, test);
    }

    public int[] testOrigins() {
        return origins(test, series.length());
    }

    /** The number of columns. */
    public int columns() {
        return series.columns().size();
    }

    /** The row {@code horizon} steps after the last row before {@code origin}. */
    double[] truth(int origin, int horizon) {
        return series.columns().stream()
                .mapToDouble(c -> series.value(origin - 1 + horizon, c))
                .toArray();
    }

    /** The names of the columns that say which values were measured. */
    List<String> masks() {
        return series.columns().stream().map(c -> "known " + c).toList();
    }

    /** The columns of {@code scaled}, which has as many rows as this series, followed by {@link #masks} as 0 and 1. */
    Series masked(Series scaled) {
        List<String> names =
                Stream.concat(scaled.columns().stream(), masks().stream()).toList();
        double[][] rows = new double[scaled.length()][2 * columns()];
        for (int t = 0; t < rows.length; t++) {
            for (int c = 0; c < columns(); c++) {
                rows[t][c] = scaled.value(t, names.get(c));
                rows[t][columns() + c] = measured[t][c] ? 1 : 0;
            }
        }
        return Series.of(names, rows);
    }
}
