package dev.fathom.image;

import dev.fathom.tensor.Vectors;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The Gabor function nearest to a square filter: g(x, y) = exp(-((x - x0)^2 + (y - y0)^2) / (2 σ^2)) (a cos 2πfu + b
 * sin 2πfu), where u = x cos θ + y sin θ runs across the wave's fronts (Daugman 1985, with a round envelope).
 *
 * @param degrees θ, 0 to 180: 0 for upright stripes
 * @param frequency f, in cycles a pixel
 * @param explained the share of the filter's sum of squares that g accounts for, 0 to 1
 * @param values g, row after row
 */
public record Gabor(double degrees, double frequency, double explained, double[] values) {
    private static final int ANGLES = 16;
    private static final int FREQUENCIES = 10;
    private static final double HIGHEST = 0.5;
    private static final double[] SIGMAS = {1, 1.5, 2, 3, 4.5};

    /**
     * Returns how many functions {@link #fit} tries for a filter of side x side values, apart from the phase, for which
     * there is a formula.
     */
    public static int tried(int side) {
        return ANGLES * FREQUENCIES * SIGMAS.length * side * side;
    }

    /**
     * Returns for each filter of side x side values, row after row, the nearest of all directions, frequencies, widths
     * and middles, each with the a and b of least squares.
     *
     * @throws IllegalArgumentException if a filter has another number of values, or none that is not 0
     */
    public static List<Gabor> fit(List<double[]> filters, int side) {
        int n = side * side;
        for (double[] filter : filters) {
            if (filter.length != n || !(Vectors.dot(filter, filter) > 0)) {
                throw new IllegalArgumentException("Gabor: a filter of " + filter.length + " values is not one of "
                        + side + " x " + side + " numbers, of which some are not 0; give [side, side]");
            }
        }
        Gabor[] best = new Gabor[filters.size()];
        double[] cos = new double[n];
        double[] sin = new double[n];
        for (int angle = 0; angle < ANGLES; angle++) {
            double theta = Math.PI * angle / ANGLES;
            for (int k = 1; k <= FREQUENCIES; k++) {
                double f = HIGHEST * k / FREQUENCIES;
                for (double sigma : SIGMAS) {
                    for (int middle = 0; middle < n; middle++) {
                        for (int i = 0; i < n; i++) {
                            double x = i % side - middle % side;
                            double y = i / side - middle / side;
                            double envelope = Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
                            double phase = 2 * Math.PI * f * (x * Math.cos(theta) + y * Math.sin(theta));
                            cos[i] = envelope * Math.cos(phase);
                            sin[i] = envelope * Math.sin(phase);
                        }
                        for (int j = 0; j < best.length; j++) {
                            best[j] = better(best[j], filters.get(j), theta, f, cos, sin);
                        }
                    }
                }
            }
        }
        return List.of(best);
    }

    private static Gabor better(
            @Nullable Gabor best, double[] filter, double theta, double f, double[] cos, double[] sin) {
        double[] ab = leastSquares(filter, cos, sin);
        double share =
                (ab[0] * Vectors.dot(filter, cos) + ab[1] * Vectors.dot(filter, sin)) / Vectors.dot(filter, filter);
        if (best != null && best.explained >= share) {
            return best;
        }
        double[] values = new double[filter.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = ab[0] * cos[i] + ab[1] * sin[i];
        }
        return new Gabor(Math.toDegrees(theta), f, share, values);
    }

    /** a and b of least (filter - a cos - b sin)^2; only a where the two are one function. */
    private static double[] leastSquares(double[] filter, double[] cos, double[] sin) {
        double cc = Vectors.dot(cos, cos);
        double ss = Vectors.dot(sin, sin);
        double cs = Vectors.dot(cos, sin);
        double fc = Vectors.dot(filter, cos);
        double fs = Vectors.dot(filter, sin);
        double det = cc * ss - cs * cs;
        return det > 1e-9 * cc * cc
                ? new double[] {(fc * ss - fs * cs) / det, (fs * cc - fc * cs) / det}
                : new double[] {fc / cc, 0};
    }
}
