package dev.fathom.labs.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;

/** How far forecasts are from the true values y. */
public final class ForecastErrors {
    private ForecastErrors() {}

    /** The mean absolute error, the mean of |y - forecast|; NaN where there are no values. */
    public static double meanAbsolute(double[] y, double[] forecast) {
        return IntStream.range(0, y.length)
                .mapToDouble(i -> Math.abs(y[i] - forecast[i]))
                .average()
                .orElse(Double.NaN);
    }

    /**
     * R2, 1 - sum (y - forecast)^2 / sum (y - mean)^2 with the mean of y itself; NaN or infinite where y is constant.
     */
    public static double r2(double[] y, double[] forecast) {
        double mean = Arrays.stream(y).average().orElse(Double.NaN);
        double residual = 0;
        double total = 0;
        for (int i = 0; i < y.length; i++) {
            residual += (y[i] - forecast[i]) * (y[i] - forecast[i]);
            total += (y[i] - mean) * (y[i] - mean);
        }
        return 1 - residual / total;
    }
}
