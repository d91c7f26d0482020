package dev.fathom.labs.generalization;

import dev.fathom.experiments.data.SineSample;
import dev.fathom.features.NaturalSpline;
import dev.fathom.linear.MinimumNorm;
import java.util.Arrays;

/**
 * A natural spline fitted to a sample by least squares, with coefficients of least norm where it has more basis
 * functions than the sample has points.
 *
 * @param train mean squared error on the sample
 * @param test expected squared error on new points, the noise included: the mean over a fine grid of x plus the
 *     variance of the noise
 * @param norm the sum of the squared coefficients
 * @param values at the places of {@link #GRID}
 */
record SplineFit(double train, double test, double norm, double[] values) {
    /** The places at which fits are compared with the sine. */
    static final double[] GRID = SineSample.grid(1000);

    static SplineFit of(SineSample sample, int d, NaturalSpline.Basis basis) {
        NaturalSpline spline = sample.spline(d, basis);
        double[][] design = spline.design(sample.x());
        double[] beta = MinimumNorm.solve(design, sample.y());
        double[] values = times(spline.design(GRID), beta);
        return new SplineFit(
                distance(times(design, beta), sample.y()),
                distance(values, SineSample.sine(GRID)) + SineSample.NOISE,
                Arrays.stream(beta).map(b -> b * b).sum(),
                values);
    }

    /** X b, of the first columns of X if b is shorter than its rows. */
    static double[] times(double[][] rows, double[] b) {
        double[] product = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < b.length; j++) {
                product[i] += rows[i][j] * b[j];
            }
        }
        return product;
    }

    /** The mean squared difference. */
    static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum / a.length;
    }
}
