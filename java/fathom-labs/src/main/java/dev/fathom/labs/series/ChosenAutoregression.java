package dev.fathom.labs.series;

import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.Autoregression;
import dev.fathom.series.Forecast;
import dev.fathom.series.Series;
import dev.fathom.series.Windows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The autoregression with the smallest error on the validation rows, and the errors of all that were tried by their
 * lags.
 */
record ChosenAutoregression(Autoregression best, Map<Integer, Double> errors) {
    /** Chooses among numbers of lags by the absolute error on the validation rows of a scaled series. */
    static ChosenAutoregression among(List<Integer> orders, ForecastTask task, Series scaled, boolean vector) {
        List<List<Integer>> own =
                IntStream.range(0, task.columns()).mapToObj(List::of).toList();
        List<List<Integer>> sources = vector ? task.sources() : own;
        int widest = sources.stream().mapToInt(List::size).max().orElse(1);
        Series training = scaled.take(0, task.validation());
        double[][] columns = training.columns().stream().map(training::values).toArray(double[][]::new);
        Autoregression best = null;
        Map<Integer, Double> errors = new LinkedHashMap<>();
        for (int order : orders) {
            if (order > task.lags() || order * widest > task.validation() / 2) {
                continue; // as many parameters as rows would fit them all
            }
            Autoregression fit = Autoregression.fit(columns, order, sources);
            double error = error(fit, task, scaled);
            best = errors.values().stream().allMatch(e -> error < e) ? fit : best;
            errors.put(order, error);
        }
        if (best == null) {
            throw new IllegalArgumentException(Findings.line(
                    "forecast: %,d training rows are too few for an autoregression of %d columns; give a longer series",
                    task.validation(), task.columns()));
        }
        return new ChosenAutoregression(best, errors);
    }

    private static double error(Autoregression fit, ForecastTask task, Series scaled) {
        int[] origins = task.validationOrigins();
        double[][][] forecasts = forecasts(fit, task, scaled, origins);
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
    static double[][][] forecasts(Autoregression fit, ForecastTask task, Series scaled, int... origins) {
        double[][][] all = new double[task.horizons().length][origins.length][];
        for (int o = 0; o < origins.length; o++) {
            float[][] steps =
                    Forecast.recursive(new Windows(fit.order()), scaled, origins[o], task.farthest(), fit::next);
            for (int h = 0; h < all.length; h++) {
                all[h][o] = Averages.doubles(steps[task.horizons()[h] - 1]);
            }
        }
        return all;
    }
}
