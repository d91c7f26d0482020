package dev.fathom.labs.series;

import dev.fathom.assess.Regression;
import dev.fathom.experiments.data.Nyse;
import dev.fathom.linear.LeastSquares;
import dev.fathom.series.Series;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A linear autoregression by least squares (ISLR2, section 10.5.2): the volume of a day is forecast from the numbers of
 * the days before it.
 *
 * @param lags the number of days before
 * @param inputs the columns of each of these days
 * @param days the columns of the day of the week; the first is left out, as it follows from the others; empty for a
 *     model without the day of the week
 */
record NyseAutoregression(int lags, List<String> inputs, List<String> days) {
    /** A model of all three numbers, without the day of the week. */
    static NyseAutoregression of(int lags) {
        return new NyseAutoregression(lags, Nyse.NUMBERS, List.of());
    }

    /** The inputs for day {@code t}, from the day before it to the earliest. */
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

    /** A fit to the days before {@code to} that have all lags. */
    LeastSquares fit(Series series, int to) {
        return LeastSquares.fit(rows(series, lags, to), volume(series, lags, to));
    }

    /**
     * Forecasts of the days {@code from} to {@code to} - 1, each from the true days before it, by a fit to the days
     * before {@code from}.
     */
    double[] forecast(Series series, int from, int to) {
        return fit(series, from).predict(rows(series, from, to));
    }

    /** The volume of the days {@code from} to {@code to} - 1. */
    static double[] volume(Series series, int from, int to) {
        return Arrays.copyOfRange(series.values(Nyse.VOLUME), from, to);
    }

    /** Forecasts each day by the volume of the day before. */
    static double[] strawMan(Series series, int from, int to) {
        return volume(series, from - 1, to - 1);
    }

    /**
     * Forecasts each day by the volume of the day before, plus the mean change of the days before {@code from} to this
     * day of the week.
     */
    static double[] strawManOfDay(Series series, int from, int to) {
        double[] volume = series.values(Nyse.VOLUME);
        double[] forecast = strawMan(series, from, to);
        for (String day : Nyse.days(series)) {
            double[] flag = series.values(day);
            double change = IntStream.range(1, from)
                    .filter(t -> flag[t] == 1)
                    .mapToDouble(t -> volume[t] - volume[t - 1])
                    .average()
                    .orElse(0);
            for (int t = from; t < to; t++) {
                forecast[t - from] += flag[t] * change;
            }
        }
        return forecast;
    }

    /** The R2 of a forecast of the days {@code from} to {@code to} - 1, about their own mean. */
    static double r2(Series series, int from, int to, double[] forecast) {
        return Regression.of(volume(series, from, to), forecast).r2();
    }
}
