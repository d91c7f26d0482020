package dev.fathom.experiments.data;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.NaturalSpline;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Points of the textbook's simulation (ISLR2, section 10.8): y = sin x + noise of deviation {@link #DEVIATION}, x
 * uniform on [-5, 5].
 *
 * @param x in ascending order
 */
public record SineSample(double[] x, double[] y) {
    /** The places of the points are at most as far from 0. */
    public static final double END = 5;
    /** The deviation of the noise. */
    public static final double DEVIATION = 0.3;
    /** The error of a forecast that knows the sine. */
    public static final double NOISE = DEVIATION * DEVIATION;

    /** Draws {@code n} points. */
    public static SineSample draw(int n, Rng rng) {
        float[] places = rng.uniform(n, (float) -END, (float) END);
        Arrays.sort(places);
        float[] noise = rng.normal(n, 0, (float) DEVIATION);
        double[] y = sine(Averages.doubles(places));
        Arrays.setAll(y, i -> y[i] + noise[i]);
        return new SineSample(Averages.doubles(places), y);
    }

    /** The sines of some places. */
    public static double[] sine(double... x) {
        return Arrays.stream(x).map(Math::sin).toArray();
    }

    /** {@code n} places in the middle of equal parts of [-5, 5]: means over them are integrals over all x. */
    public static double[] grid(int n) {
        return IntStream.range(0, n)
                .mapToDouble(i -> END * ((2 * i + 1.0) / n - 1))
                .toArray();
    }

    /**
     * The natural spline with {@code d} basis functions, one of them constant. Its boundary knots are -5 and 5, and its
     * d - 2 inner knots are quantiles of x at equal distances, as R's {@code quantile} and NumPy's {@code percentile}
     * compute them.
     */
    public NaturalSpline spline(int d, NaturalSpline.Basis basis) {
        double[] knots = new double[d];
        knots[0] = -END;
        knots[d - 1] = END;
        for (int i = 1; i < d - 1; i++) {
            double place = (double) i * (x.length - 1) / (d - 1);
            int below = (int) place;
            knots[i] = x[below] + (place - below) * (x[Math.min(below + 1, x.length - 1)] - x[below]);
        }
        return new NaturalSpline(basis, knots);
    }
}
