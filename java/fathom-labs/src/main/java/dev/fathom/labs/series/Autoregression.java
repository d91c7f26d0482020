package dev.fathom.labs.series;

import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.LeastSquares;
import dev.fathom.series.Forecast;
import dev.fathom.series.Series;
import dev.fathom.series.Windows;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Forecasts each column from the last rows of some columns, by least squares one step ahead: from the column itself
 * (AR) or from several (VAR). Several steps ahead, its own forecasts stand in for the rows that are not known yet.
 *
 * @param order the number of rows that it reads
 * @param sources for each column the columns that it is forecast from
 * @param fits for each column its fit on the rows of its sources, the oldest row first
 */
record Autoregression(int order, List<List<Integer>> sources, List<LeastSquares> fits) {
    /** Fits on the rows before {@code end}. */
    static Autoregression fit(Series series, int end, int order, List<List<Integer>> sources) {
        // columns with the same sources share a decomposition
        Map<List<Integer>, List<Integer>> together = new LinkedHashMap<>();
        for (int c = 0; c < sources.size(); c++) {
            together.computeIfAbsent(sources.get(c), s -> new ArrayList<>()).add(c);
        }
        double[][] columns = series.columns().stream().map(series::values).toArray(double[][]::new);
        LeastSquares[] fits = new LeastSquares[sources.size()];
        together.forEach((read, forecast) -> {
            double[][] x = new double[end - order][];
            double[][] y = new double[forecast.size()][end - order];
            for (int row = 0; row < x.length; row++) {
                x[row] = row(columns, row, order, read);
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

    private static double[] row(double[][] columns, int from, int order, List<Integer> read) {
        double[] row = new double[order * read.size()];
        int at = 0;
        for (int lag = 0; lag < order; lag++) {
            for (int c : read) {
                row[at++] = columns[c][from + lag];
            }
        }
        return row;
    }

    /** The one with the smallest error on validation rows, and the errors of all by their lags. */
    record Chosen(Autoregression best, Map<Integer, Double> errors) {}

    /** Chooses among numbers of lags by the absolute error on the validation rows of a scaled series. */
    static Chosen choose(ForecastTask task, Series scaled, boolean vector, List<Integer> orders) {
        List<List<Integer>> own =
                IntStream.range(0, task.columns()).mapToObj(List::of).toList();
        List<List<Integer>> sources = vector ? task.sources() : own;
        int widest = sources.stream().mapToInt(List::size).max().orElse(1);
        Autoregression best = null;
        Map<Integer, Double> errors = new LinkedHashMap<>();
        for (int order : orders) {
            if (order > task.lags() || order * widest > task.validation() / 2) {
                continue; // as many parameters as rows would fit them all
            }
            Autoregression fit = fit(scaled, task.validation(), order, sources);
            double error = fit.error(task, scaled);
            best = errors.values().stream().allMatch(e -> error < e) ? fit : best;
            errors.put(order, error);
        }
        if (best == null) {
            throw new IllegalArgumentException(Findings.line(
                    "forecast: %,d training rows are too few for an autoregression of %d columns; give a longer series",
                    task.validation(), task.columns()));
        }
        return new Chosen(best, errors);
    }

    private double error(ForecastTask task, Series scaled) {
        int[] origins = task.validationOrigins();
        double[][][] forecasts = forecasts(task, scaled, origins);
        double sum = 0;
        long n = 0;
        for (int h = 0; h < forecasts.length; h++) {
            for (int o = 0; o < origins.length; o++) {
                int row = origins[o] - 1 + task.horizons()[h];
                for (int c = 0; c < task.columns(); c++) {
                    if (task.measured()[row][c]) {
                        sum += Math.abs(forecasts[h][o][c]
                                - scaled.value(row, scaled.columns().get(c)));
                        n++;
                    }
                }
            }
        }
        return sum / n;
    }

    /** The scaled forecasts [horizon][origin][column] of a task. */
    double[][][] forecasts(ForecastTask task, Series scaled, int... origins) {
        double[][][] all = new double[task.horizons().length][origins.length][];
        for (int o = 0; o < origins.length; o++) {
            float[][] steps = forecast(scaled, origins[o], task.farthest());
            for (int h = 0; h < all.length; h++) {
                all[h][o] = Averages.doubles(steps[task.horizons()[h] - 1]);
            }
        }
        return all;
    }

    /** The largest number of coefficients of an equation, with its intercept. */
    int parameters() {
        return 1 + order * sources.stream().mapToInt(List::size).max().orElse(0);
    }

    /** Forecasts the rows {@code origin} to {@code origin + steps - 1} from the rows before them: [steps, columns]. */
    float[][] forecast(Series series, int origin, int steps) {
        return Forecast.recursive(new Windows(order), series, origin, steps, this::next);
    }

    private float[] next(float[] window) {
        int columns = sources.size();
        float[] next = new float[columns];
        for (int c = 0; c < columns; c++) {
            LeastSquares fit = fits.get(c);
            double sum = fit.intercept().value();
            int at = 0;
            for (int lag = 0; lag < order; lag++) {
                for (int s : sources.get(c)) {
                    sum += fit.coefficients().get(at++).value() * window[lag * columns + s];
                }
            }
            next[c] = (float) sum;
        }
        return next;
    }
}
