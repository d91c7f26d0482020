package dev.fathom.features;

import dev.fathom.openblas.Lapack;
import java.util.Arrays;

/**
 * A normal distribution N(m, C) of vectors, such as one that is fitted to rows of features. The {@link #frechet} of
 * features of real and of generated images is the Fréchet inception distance (Heusel et al. 2017).
 *
 * <pre>{@code
 * double distance = Gaussian.fit(real, 64).frechet(Gaussian.fit(generated, 64));
 * }</pre>
 *
 * @param mean m [d]
 * @param covariance C [d, d], row after row, symmetric
 */
public record Gaussian(double[] mean, double[] covariance) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if there is no mean, or the covariance is not [d, d]
     */
    public Gaussian {
        if (mean.length == 0 || covariance.length != mean.length * mean.length) {
            throw new IllegalArgumentException("gaussian: " + mean.length + " means with " + covariance.length
                    + " covariances; give at least one mean, and [d, d] covariances for d of them");
        }
    }

    /**
     * Fits the mean and the covariance X'X / (n - 1) of rows X about it.
     *
     * @param rows X [n, d], row after row, such as what {@code toArray()} gives of a network's features
     * @throws IllegalArgumentException if there are not at least two whole rows, or a number is NaN or infinite
     */
    public static Gaussian fit(float[] rows, int d) {
        if (d < 1 || rows.length < 2 * d || rows.length % d != 0) {
            throw new IllegalArgumentException("gaussian: " + rows.length + " numbers are not two or more rows of " + d
                    + "; give all numbers of at least two rows");
        }
        int n = rows.length / d;
        double[] mean = new double[d];
        for (int i = 0; i < rows.length; i++) {
            if (!Float.isFinite(rows[i])) {
                throw new IllegalArgumentException("gaussian: row " + i / d + ", column " + i % d + " is " + rows[i]
                        + "; replace it, or leave the row out");
            }
            mean[i % d] += rows[i] / (double) n;
        }
        double[] centered = new double[rows.length];
        Arrays.setAll(centered, i -> rows[i] - mean[i % d]);
        double[] covariance = new double[d * d];
        Lapack.addProduct(centered, d, centered, d, covariance);
        Arrays.setAll(covariance, i -> covariance[i] / (n - 1));
        return new Gaussian(mean, covariance);
    }

    /**
     * Returns log N(x; m, C) = -(d log 2π + log |C| + (x - m)' C^-1 (x - m)) / 2, in nats.
     *
     * @param x [d]
     * @throws IllegalArgumentException if x has fewer or more numbers, or the covariance is singular
     */
    public double logDensity(double... x) {
        same("x", x.length);
        Axes axes = axes();
        return -(mean.length * Math.log(2 * Math.PI) + axes.logDeterminant() + axes.square(difference(x))) / 2;
    }

    /**
     * Returns the Kullback-Leibler divergence from another one, KL(N(m, C) || N(m', C')) = (tr(C'^-1 C) + (m' - m)'
     * C'^-1 (m' - m) - d + log |C'| - log |C|) / 2, in nats (Kullback and Leibler 1951).
     *
     * @throws IllegalArgumentException if the other one is of fewer or more numbers, or a covariance is singular
     */
    public double divergence(Gaussian other) {
        int d = mean.length;
        same("the other mean", other.mean.length);
        Axes axes = other.axes();
        double[] half = new double[d * d]; // V C, with the axes V in its rows
        Lapack.addProduct(FeatureRows.transposed(axes.vectors, d), d, covariance, d, half);
        double trace = 0;
        for (int i = 0; i < half.length; i++) {
            trace += half[i] * axes.vectors[i] / axes.variances[i / d];
        }
        double logs = axes.logDeterminant() - axes().logDeterminant();
        return (trace + axes.square(difference(other.mean)) - d + logs) / 2;
    }

    /**
     * Returns |m - m'|^2 + tr(C + C' - 2 (C^1/2 C' C^1/2)^1/2), the squared Wasserstein-2 distance, which scores of
     * images call Fréchet distance (Dowson and Landau 1982).
     *
     * @throws IllegalArgumentException if the other one is of fewer or more numbers
     */
    public double frechet(Gaussian other) {
        int d = mean.length;
        same("the other mean", other.mean.length);
        double sum = 0;
        for (int i = 0; i < d; i++) {
            double gap = mean[i] - other.mean[i];
            sum += gap * gap + covariance[i * d + i] + other.covariance[i * d + i];
        }
        // with C = R R', the matrix R' C' R has the eigenvalues of C^1/2 C' C^1/2
        double[] vectors = covariance.clone();
        double[] values = Lapack.eigenvectors(vectors, d);
        double[] root = new double[d * d];
        Arrays.setAll(root, i -> vectors[i % d * d + i / d] * Math.sqrt(Math.max(0, values[i % d])));
        double[] half = new double[d * d];
        Lapack.addProduct(other.covariance, d, root, d, half);
        double[] product = new double[d * d];
        Lapack.addProduct(root, d, half, d, product);
        for (double value : Lapack.eigenvectors(product, d)) {
            sum -= 2 * Math.sqrt(Math.max(0, value));
        }
        return sum;
    }

    /** The axes of an ellipsoid of equal density, one in each row, and the variances along them. */
    private record Axes(double[] vectors, double[] variances) {
        double logDeterminant() {
            return Arrays.stream(variances).map(Math::log).sum();
        }

        /** v' C^-1 v. */
        double square(double... v) {
            double sum = 0;
            for (int i = 0; i < v.length; i++) {
                double along = 0;
                for (int j = 0; j < v.length; j++) {
                    along += vectors[i * v.length + j] * v[j];
                }
                sum += along * along / variances[i];
            }
            return sum;
        }
    }

    private Axes axes() {
        double[] vectors = covariance.clone();
        double[] variances = Lapack.eigenvectors(vectors, mean.length);
        double least = mean.length * Math.ulp(1.0) * variances[variances.length - 1];
        if (!(variances[0] > Math.max(0, least))) {
            throw new IllegalArgumentException("gaussian: the least variance along an axis is " + variances[0]
                    + ", so there is no density; give a covariance that is not singular, such as one of more rows");
        }
        return new Axes(vectors, variances);
    }

    private double[] difference(double... x) {
        double[] v = new double[x.length];
        Arrays.setAll(v, i -> x[i] - mean[i]);
        return v;
    }

    private void same(String what, int length) {
        if (length != mean.length) {
            throw new IllegalArgumentException("gaussian: " + what + " has " + length + " numbers, but the mean has "
                    + mean.length + "; give as many");
        }
    }
}
