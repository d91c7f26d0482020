package dev.fathom.anomaly;

import dev.fathom.features.FeatureRows;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The smallest region with most of the examples, by a kernel k(a, b) = exp(-gamma |a - b|^2) (Schoelkopf et al. 2001):
 * it minimizes half of sum a_i a_j k(x_i, x_j) where 0 &lt;= a_i &lt;= 1 and the sum of all a_i is nu n. The score of x
 * is rho - sum a_i k(x_i, x), above 0 outside of the region, the negated {@code decision_function} of scikit-learn's
 * {@code OneClassSVM}.
 *
 * <p>Two weights are moved at a time, of those that violate the optimum most (Platt 1999; Keerthi et al. 2001). All
 * kernels of two examples are kept, 8 n^2 bytes.
 *
 * @param x the examples [n][columns]
 * @param weights a_i [n]
 * @param gamma of the kernel
 * @param rho the level at the border of the region
 */
public record OneClassSvm(float[][] x, double[] weights, double gamma, double rho) {
    private static final double TOLERANCE = 1e-4;
    private static final int MOST_STEPS = 1_000_000;

    /**
     * Learns the region with {@link #scaleGamma} and the tolerance 1e-4.
     *
     * @param nu the share of examples that lie outside, at most, in (0, 1]
     * @throws IllegalArgumentException if nu is out of range, rows differ in length, or a number is NaN or infinite
     */
    public static OneClassSvm fit(float[][] x, double nu) {
        FeatureRows.check("one-class SVM", x);
        return fit(x, nu, scaleGamma(x), TOLERANCE);
    }

    /**
     * Learns the region.
     *
     * @param nu the share of examples that lie outside, at most, in (0, 1]
     * @param gamma of the kernel, above 0
     * @param tolerance by how much the derivatives of two weights may violate the optimum, above 0
     * @throws IllegalArgumentException if a number is out of range, rows differ in length, or a number is NaN or
     *     infinite
     * @throws IllegalStateException if the tolerance is not reached after a million steps
     */
    public static OneClassSvm fit(float[][] x, double nu, double gamma, double tolerance) {
        FeatureRows.check("one-class SVM", x);
        if (!(nu > 0 && nu <= 1) || !(gamma > 0 && gamma < Double.POSITIVE_INFINITY) || !(tolerance > 0)) {
            throw new IllegalArgumentException("one-class SVM: nu=" + nu + " must be in (0, 1], and gamma=" + gamma
                    + " and tolerance=" + tolerance + " above 0, e.g. 0.1, 0.5 and 1e-4");
        }
        int n = x.length;
        double[][] kernel = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                kernel[i][j] = Math.exp(-gamma * Vectors.squaredDistance(x[i], x[j]));
                kernel[j][i] = kernel[i][j];
            }
        }
        double[] a = new double[n];
        double left = nu * n;
        for (int i = 0; i < n; i++) {
            a[i] = Math.min(1, Math.max(0, left - i));
        }
        double[] gradient = new double[n]; // sum_j a_j k(i, j)
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < left; j++) {
                gradient[i] += a[j] * kernel[i][j];
            }
        }
        for (int step = 0; step < MOST_STEPS; step++) {
            int up = -1;
            int down = -1;
            for (int i = 0; i < n; i++) {
                up = a[i] < 1 && (up < 0 || gradient[i] < gradient[up]) ? i : up;
                down = a[i] > 0 && (down < 0 || gradient[i] > gradient[down]) ? i : down;
            }
            if (up < 0 || down < 0 || gradient[down] - gradient[up] < tolerance) {
                return new OneClassSvm(x, a, gamma, level(a, gradient));
            }
            double curvature = Math.max(1e-12, 2 - 2 * kernel[up][down]);
            double change = Math.min((gradient[down] - gradient[up]) / curvature, Math.min(1 - a[up], a[down]));
            a[up] += change;
            a[down] -= change;
            for (int i = 0; i < n; i++) {
                gradient[i] += change * (kernel[up][i] - kernel[down][i]);
            }
        }
        throw new IllegalStateException("one-class SVM: " + MOST_STEPS + " steps do not reach the tolerance "
                + tolerance + "; give a larger one");
    }

    /** The mean of the gradient over the weights that are at neither end, or else the middle between both ends. */
    private static double level(double[] a, double[] gradient) {
        double low = IntStream.range(0, a.length)
                .filter(i -> a[i] > 0)
                .mapToDouble(i -> gradient[i])
                .max()
                .orElse(0);
        double high = IntStream.range(0, a.length)
                .filter(i -> a[i] < 1)
                .mapToDouble(i -> gradient[i])
                .min()
                .orElse(low);
        return IntStream.range(0, a.length)
                .filter(i -> a[i] > 0 && a[i] < 1)
                .mapToDouble(i -> gradient[i])
                .average()
                .orElse((high + low) / 2);
    }

    /**
     * Returns 1 / (columns times the variance of all numbers), scikit-learn's {@code gamma="scale"}, with which the
     * scores do not depend on the unit of the features; the variance of a constant counts as 1.
     */
    public static double scaleGamma(float[][] x) {
        int columns = FeatureRows.check("one-class SVM", x);
        double n = (double) x.length * columns;
        double base = x[0][0]; // so that a constant has no variance at all
        double mean = base;
        for (float[] row : x) {
            for (float v : row) {
                mean += (v - base) / n;
            }
        }
        double variance = 0;
        for (float[] row : x) {
            for (float v : row) {
                variance += (v - mean) * (v - mean) / n;
            }
        }
        return 1 / (columns * (variance > 0 ? variance : 1));
    }

    /**
     * Returns the score of each row; larger is more likely an outlier.
     *
     * @throws IllegalArgumentException if a row has another number of columns than the examples
     */
    public double[] scores(float[][] others) {
        FeatureRows.fits("one-class SVM", others, x[0].length);
        int[] used = IntStream.range(0, x.length).filter(i -> weights[i] > 0).toArray();
        return Arrays.stream(others)
                .mapToDouble(row -> rho
                        - Arrays.stream(used)
                                .mapToDouble(i -> weights[i] * Math.exp(-gamma * Vectors.squaredDistance(x[i], row)))
                                .sum())
                .toArray();
    }
}
