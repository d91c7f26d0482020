package dev.fathom.labs.series;

import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.statistics.LeastSquares;
import dev.fathom.series.Series;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A linear autoregression by least squares (ISLR2, section 10.5.2): the volume of a day by the numbers of the days before it.
 *
 * @param lags the number of days before
 * @param inputs the columns of each of them
 * @param days columns of the day itself, of which the first is left out as the others tell it; none without the day of the week
 */
record NyseAutoregression(int lags, List<String> inputs, List<String> days) {
    /** By all numbers, without the day of the week. */
    static NyseAutoregression of(int lags) {
        return new NyseAutoregression(lags, Nyse.NUMBERS, List.of());
    }

    /** Yesterday's numbers first. */
    private double[] row(Series series, int t) {
        double[] row = new double[lags * inputs.size() + Math.max(0, days.size() - 1)];
        int at = 0;
        for (int lag = 1; lag <= lags; lag++) {
            for (String column : inputs) {
                row[at++] = series.value(t - lag, column);
            }
        }
        for (int d = 1; d < days.size(); d++) {
            row[at++] = series.value(t, days.get(d));
        }
        return row;
    }

    private double[][] rows(Series series, int from, int to) {
        return IntStream.range(from, to).mapToObj(t -> row(series, t)).toArray(double[][]::new);
    }

    /** Fits the days from the first that has all lags to {@code to} - 1. */
    LeastSquares fit(Series series, int to) {
        return LeastSquares.fit(rows(series, lags, to), volume(series, lags, to));
    }

    /** What the fit to the days before {@code from} forecasts for {@code from} to {@code to} - 1, each from the true days before it. */
    double[] forecast(Series series, int from, int to) {
        return fit(series, from).predict(rows(series, from, to));
    }

    static double[] volume(Series series, int from, int to) {
        return Arrays.copyOfRange(series.values(Nyse.VOLUME), from, to);
    }

    /** Yesterday's volume. */
    static double[] strawMan(Series series, int from, int to) {
        return volume(series, from - 1, to - 1);
    }

    /** Yesterday's volume and the mean step of the days before {@code from} to this day of the week. */
    static double[] strawManOfDay(Series series, int from, int to) {
        double[] volume = series.values(Nyse.VOLUME);
        double[] forecast = strawMan(series, from, to);
        for (String day : Nyse.days(series)) {
            double[] is = series.values(day);
            double step = IntStream.range(1, from)
                    .filter(t -> is[t] == 1)
                    .mapToDouble(t -> volume[t] - volume[t - 1])
                    .average()
                    .orElse(0);
            for (int t = from; t < to; t++) {
                forecast[t - from] += is[t] * step;
            }
        }
        return forecast;
    }

    /** The R2 of a forecast of the days {@code from} to {@code to} - 1, about their own mean. */
    static double r2(Series series, int from, int to, double[] forecast) {
        double[] y = volume(series, from, to);
        double mean = Arrays.stream(y).average().orElseThrow();
        double left = 0;
        double all = 0;
        for (int i = 0; i < y.length; i++) {
            left += (y[i] - forecast[i]) * (y[i] - forecast[i]);
            all += (y[i] - mean) * (y[i] - mean);
        }
        return 1 - left / all;
    }
}
