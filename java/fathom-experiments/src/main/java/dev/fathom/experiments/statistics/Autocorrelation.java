package dev.fathom.experiments.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The correlation of a series with itself some steps before (Box and Jenkins 1970). */
public final class Autocorrelation {
    private Autocorrelation() {}

    /**
     * sum_t (x_t - m)(x_{t-lag} - m) / sum_t (x_t - m)^2 for the lags 0 to {@code most}, with the mean m of the whole
     * series; NaN for a constant series.
     *
     * @throws IllegalArgumentException if the series does not have more than {@code most} steps
     */
    public static double[] of(double[] x, int most) {
        if (x.length <= most) {
            throw new IllegalArgumentException("autocorrelation: the series has " + x.length + " steps, but the lag "
                    + most + " takes " + (most + 1) + "; use fewer lags, or a longer series");
        }
        double mean = Arrays.stream(x).average().orElseThrow();
        double[] centered = Arrays.stream(x).map(v -> v - mean).toArray();
        double all = product(centered, 0);
        return IntStream.rangeClosed(0, most)
                .mapToDouble(lag -> product(centered, lag) / all)
                .toArray();
    }

    private static double product(double[] x, int lag) {
        double sum = 0;
        for (int t = lag; t < x.length; t++) {
            sum += x[t] * x[t - lag];
        }
        return sum;
    }
}
