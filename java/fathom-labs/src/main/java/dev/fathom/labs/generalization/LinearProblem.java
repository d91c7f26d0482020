package dev.fathom.labs.generalization;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.openblas.Lapack;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * A linear model without an intercept, y = X b + noise of deviation {@link #DEVIATION}, whose neighboring columns are
 * correlated by 0.7 and have different scales.
 *
 * @param x [n][p]
 * @param y [n]
 * @param truth b
 */
record LinearProblem(double[][] x, double[] y, double[] truth) {
    static final double DEVIATION = 1;
    private static final double CORRELATION = 0.7;

    static LinearProblem draw(int n, int p, Rng rng) {
        float[] z = rng.normal(n * p, 0, 1);
        double[] truth = Averages.doubles(rng.normal(p, 0, 0.5f));
        float[] noise = rng.normal(n, 0, (float) DEVIATION);
        double[][] x = new double[n][p];
        for (int i = 0; i < n; i++) {
            double before = z[i * p];
            for (int j = 0; j < p; j++) {
                before = j == 0
                        ? before
                        : CORRELATION * before + Math.sqrt(1 - CORRELATION * CORRELATION) * z[i * p + j];
                x[i][j] = before * (0.5 + 1.5 * j / (p - 1));
            }
        }
        double[] exact = SplineFit.times(x, truth);
        double[] y = new double[n];
        Arrays.setAll(y, i -> exact[i] + noise[i]);
        return new LinearProblem(x, y, truth);
    }

    int n() {
        return x.length;
    }

    int p() {
        return truth.length;
    }

    double[] leastSquares() {
        return MinimumNorm.solve(x, y);
    }

    /** The coefficients that minimize |y - X b|^2 + lambda |b|^2. */
    double[] ridge(double lambda) {
        double[] penalties = new double[p()];
        Arrays.fill(penalties, lambda);
        return MinimumNorm.ridge(x, y, penalties);
    }

    /** The diagonal of X'X. */
    double[] squares() {
        double[] sums = new double[p()];
        Arrays.setAll(
                sums, j -> Arrays.stream(x).mapToDouble(row -> row[j] * row[j]).sum());
        return sums;
    }

    /** |a - b| / |b|. */
    static double distance(double[] a, double[] b) {
        return Math.sqrt(SplineFit.distance(a, b) / SplineFit.distance(b, new double[b.length]));
    }

    /**
     * Least squares over all masks of the columns, each row counting as its mask is probable: exactly what dropout
     * minimizes on average.
     */
    static double[] overAllMasks(LinearProblem problem, double dropped) {
        int masks = 1 << problem.p();
        double[][] rows = new double[problem.n() * masks][problem.p()];
        double[] y = new double[rows.length];
        for (int r = 0; r < rows.length; r++) {
            int mask = r % masks;
            int kept = Integer.bitCount(mask);
            double weight = Math.sqrt(Math.pow(1 - dropped, kept) * Math.pow(dropped, problem.p() - kept));
            double[] x = problem.x()[r / masks];
            Arrays.setAll(rows[r], j -> (mask >> j & 1) * weight * x[j] / (1 - dropped));
            y[r] = weight * problem.y()[r / masks];
        }
        return MinimumNorm.solve(rows, y);
    }

    /**
     * Ridge regression to which dropout is equal: the penalty of each column is its sum of squares times p / (1 - p).
     */
    static double[] dropoutRidge(LinearProblem problem, double dropped) {
        double[] penalties = Arrays.stream(problem.squares())
                .map(s -> s * dropped / (1 - dropped))
                .toArray();
        return MinimumNorm.ridge(problem.x(), problem.y(), penalties);
    }

    /** The eigenvalues s of X'X / n and its eigenvectors, in which ridge and gradient flow only shrink. */
    Axes axes() {
        double[] flat = Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
        double[] vectors = new double[p() * p()];
        Lapack.addProduct(flat, p(), flat, p(), vectors);
        Arrays.setAll(vectors, i -> vectors[i] / n());
        return new Axes(this, Lapack.eigenvectors(vectors, p()), vectors);
    }

    /**
     * A problem along its principal axes.
     *
     * @param values the eigenvalues s of X'X / n
     * @param vectors [p, p], an eigenvector in each row
     */
    record Axes(LinearProblem problem, double[] values, double[] vectors) {
        /**
         * The coefficients of least squares, of which the part along each axis is multiplied by a factor of its
         * eigenvalue.
         */
        double[] shrunk(DoubleUnaryOperator factor) {
            int p = values.length;
            double[] least = problem.leastSquares();
            double[] b = new double[p];
            for (int i = 0; i < p; i++) {
                double along = factor.applyAsDouble(values[i]) * along(i, least);
                for (int j = 0; j < p; j++) {
                    b[j] += along * vectors[i * p + j];
                }
            }
            return b;
        }

        /**
         * The expected squared distance of such coefficients from the truth over draws of the noise: along each axis
         * the squared bias ((1 - h) b)^2, and the variance h^2 sigma^2 / (n s).
         */
        double risk(DoubleUnaryOperator factor) {
            double risk = 0;
            for (int i = 0; i < values.length; i++) {
                double h = factor.applyAsDouble(values[i]);
                double bias = (1 - h) * along(i, problem.truth);
                risk += bias * bias + h * h * DEVIATION * DEVIATION / (problem.n() * values[i]);
            }
            return risk;
        }

        private double along(int axis, double[] b) {
            double sum = 0;
            for (int j = 0; j < b.length; j++) {
                sum += vectors[axis * b.length + j] * b[j];
            }
            return sum;
        }
    }

    /** The factor by which gradient flow on |y - X b|^2 / (2 n) has approached least squares after time t. */
    static DoubleUnaryOperator flow(double t) {
        return s -> -Math.expm1(-t * s);
    }

    /** The factor of ridge regression with the penalty n / t. */
    static DoubleUnaryOperator ridgeFactor(double t) {
        return s -> s / (s + 1 / t);
    }
}
