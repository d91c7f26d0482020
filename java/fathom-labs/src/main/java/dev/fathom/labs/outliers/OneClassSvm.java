package dev.fathom.labs.outliers;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The smallest region with most of the examples, by a kernel k(a, b) = exp(-gamma |a - b|^2) (Schoelkopf et al. 2001):
 * it minimizes half of sum a_i a_j k(x_i, x_j) where 0 &lt;= a_i &lt;= 1 and the sum of all a_i is nu n. The score of x
 * is rho - sum a_i k(x_i, x), above 0 outside of the region.
 *
 * @param x the examples
 * @param weights a_i
 * @param gamma of the kernel
 * @param rho the level at the border of the region
 */
record OneClassSvm(float[][] x, double[] weights, double gamma, double rho) {
    private static final double TOLERANCE = 1e-4;
    private static final int MOST_STEPS = 100_000;

    /**
     * Learns the region, two weights at a time, of those that violate the optimum most. Gamma is 1 / (features x the
     * variance of all numbers).
     *
     * @param nu the share of examples that may lie outside, at most
     */
    static OneClassSvm of(float[][] x, double nu) {
        int n = x.length;
        double gamma = 1 / (x[0].length * variance(x));
        double[][] kernel = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                kernel[i][j] = Math.exp(-gamma * Distances.squared(x[i], x[j]));
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
            if (up < 0 || down < 0 || gradient[down] - gradient[up] < TOLERANCE) {
                break;
            }
            double curvature = Math.max(1e-12, 2 - 2 * kernel[up][down]);
            double change = Math.min((gradient[down] - gradient[up]) / curvature, Math.min(1 - a[up], a[down]));
            a[up] += change;
            a[down] -= change;
            for (int i = 0; i < n; i++) {
                gradient[i] += change * (kernel[up][i] - kernel[down][i]);
            }
        }
        return new OneClassSvm(x, a, gamma, level(a, gradient));
    }

    /** The mean of the gradient over the weights that are at neither end, or else the middle between both ends. */
    private static double level(double[] a, double[] gradient) {
        double high = IntStream.range(0, a.length)
                .filter(i -> a[i] < 1)
                .mapToDouble(i -> gradient[i])
                .min()
                .orElse(0);
        double low = IntStream.range(0, a.length)
                .filter(i -> a[i] > 0)
                .mapToDouble(i -> gradient[i])
                .max()
                .orElse(0);
        return IntStream.range(0, a.length)
                .filter(i -> a[i] > 0 && a[i] < 1)
                .mapToDouble(i -> gradient[i])
                .average()
                .orElse((high + low) / 2);
    }

    private static double variance(float[][] x) {
        double n = (double) x.length * x[0].length;
        double sum = 0;
        double squares = 0;
        for (float[] row : x) {
            for (float v : row) {
                sum += v / n;
                squares += (double) v * v / n;
            }
        }
        double variance = squares - sum * sum;
        return variance > 0 ? variance : 1;
    }

    /** The score of each example; larger is more likely an outlier. */
    double[] scores(float[][] others) {
        int[] used = IntStream.range(0, x.length).filter(i -> weights[i] > 0).toArray();
        return Arrays.stream(others)
                .mapToDouble(row -> rho
                        - Arrays.stream(used)
                                .mapToDouble(i -> weights[i] * Math.exp(-gamma * Distances.squared(x[i], row)))
                                .sum())
                .toArray();
    }
}
