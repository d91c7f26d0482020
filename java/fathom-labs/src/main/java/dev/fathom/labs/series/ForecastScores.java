package dev.fathom.labs.series;

import dev.fathom.assess.Regression;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Correlation;
import java.util.stream.IntStream;

/**
 * The errors of forecasts over all values that were measured.
 *
 * @param mae the mean of |forecast - truth|
 * @param rmse the root of the mean of its square
 * @param mape the mean of |forecast - truth| / |truth|
 * @param rse the root of the squared error relative to that of the mean of all truths, as in Lai et al. (2018)
 * @param correlation the correlation of forecast and truth, the mean over the columns whose truth is not constant
 */
record ForecastScores(double mae, double rmse, double mape, double rse, double correlation) {
    /**
     * Compares forecasts [rows][columns] with truths; {@code known} says which values were measured.
     *
     * @throws IllegalArgumentException if none was measured
     */
    static ForecastScores of(double[][] forecasts, double[][] truths, boolean[][] known) {
        int columns = truths[0].length;
        int[] all = IntStream.range(0, truths.length * columns)
                .filter(i -> known[i / columns][i % columns])
                .toArray();
        if (all.length == 0) {
            throw new IllegalArgumentException(
                    "scores: none of the " + truths.length + " rows has a known value; give a series with fewer gaps");
        }
        Regression errors = Regression.of(values(truths, all), values(forecasts, all));
        double[] correlations = IntStream.range(0, columns)
                .mapToObj(c -> IntStream.of(all).filter(i -> i % columns == c).toArray())
                .mapToDouble(column -> Correlation.pearson(values(forecasts, column), values(truths, column)))
                .filter(Double::isFinite)
                .toArray();
        return new ForecastScores(
                errors.mae(), errors.rmse(), errors.mape(), Math.sqrt(1 - errors.r2()), Averages.mean(correlations));
    }

    private static double[] values(double[][] rows, int... places) {
        int columns = rows[0].length;
        return IntStream.of(places)
                .mapToDouble(i -> rows[i / columns][i % columns])
                .toArray();
    }
}
