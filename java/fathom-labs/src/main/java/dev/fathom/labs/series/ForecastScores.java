package dev.fathom.labs.series;

/**
 * The errors of forecasts over all values that were measured.
 *
 * @param mae the mean of |forecast - truth|
 * @param rmse the root of the mean of its square
 * @param mape the mean of |forecast - truth| / |truth|
 * @param rse the root of the squared error relative to that of the mean of all truths, as in Lai et al. (2018)
 * @param correlation the correlation of forecast and truth, the mean over the columns whose truth is not constant
 */
public record ForecastScores(double mae, double rmse, double mape, double rse, double correlation) {
    /**
     * Compares forecasts [rows][columns] with truths; {@code known} says which values were measured.
     *
     * @throws IllegalArgumentException if none was measured
     */
    static ForecastScores of(double[][] forecasts, double[][] truths, boolean[][] known) {
        double mean = 0;
        long n = 0;
        for (int t = 0; t < truths.length; t++) {
            for (int c = 0; c < truths[t].length; c++) {
                if (known[t][c]) {
                    mean += truths[t][c];
                    n++;
                }
            }
        }
        if (n == 0) {
            throw new IllegalArgumentException(
                    "scores: none of the " + truths.length + " rows has a known value; give a series with fewer gaps");
        }
        mean /= n;
        double absolute = 0;
        double squares = 0;
        double relative = 0;
        double around = 0;
        for (int t = 0; t < truths.length; t++) {
            for (int c = 0; c < truths[t].length; c++) {
                if (known[t][c]) {
                    double error = forecasts[t][c] - truths[t][c];
                    absolute += Math.abs(error);
                    squares += error * error;
                    relative += Math.abs(error / truths[t][c]);
                    around += (truths[t][c] - mean) * (truths[t][c] - mean);
                }
            }
        }
        return new ForecastScores(
                absolute / n,
                Math.sqrt(squares / n),
                relative / n,
                Math.sqrt(squares / around),
                correlation(forecasts, truths, known));
    }

    private static double correlation(double[][] forecasts, double[][] truths, boolean[][] known) {
        double sum = 0;
        int columns = 0;
        for (int c = 0; c < truths[0].length; c++) {
            double r = correlation(forecasts, truths, known, c);
            if (Double.isFinite(r)) {
                sum += r;
                columns++;
            }
        }
        return sum / columns;
    }

    private static double correlation(double[][] forecasts, double[][] truths, boolean[][] known, int c) {
        double n = 0;
        double x = 0;
        double y = 0;
        for (int t = 0; t < truths.length; t++) {
            if (known[t][c]) {
                n++;
                x += forecasts[t][c];
                y += truths[t][c];
            }
        }
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int t = 0; t < truths.length; t++) {
            if (known[t][c]) {
                double dx = forecasts[t][c] - x / n;
                double dy = truths[t][c] - y / n;
                xx += dx * dx;
                yy += dy * dy;
                xy += dx * dy;
            }
        }
        return xy / Math.sqrt(xx * yy);
    }
}
