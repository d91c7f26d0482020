package dev.fathom.linear;

import dev.fathom.features.FeatureRows;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.openblas.Lapack;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Ordinary least squares with an intercept: y = b0 + b1 x1 + ... + bk xk + noise (ISLR2, chapter 3). LAPACK decomposes
 * the centered and scaled columns into their singular values, X = U S V', so that b = V S^-1 U' y, the covariance of
 * the coefficients is s^2 V S^-2 V', and columns that depend on each other show as a singular value of 0. The variance
 * of the noise is estimated as s^2 = RSS / (n - k - 1).
 *
 * <pre>{@code
 * LeastSquares fit = LeastSquares.fit(x, y);                // x [n][k], y [n]
 * double forecast = fit.predict(row);
 * double p = fit.coefficients().get(2).p();
 * }</pre>
 *
 * @param intercept b0
 * @param coefficients b1 to bk, in the order of the columns
 * @param r2 the share of the variance of y that the fit explains, on the rows that it was fitted on; NaN if y is the
 *     same in all of them
 */
public record LeastSquares(Coefficient intercept, List<Coefficient> coefficients, double r2) implements Predictor {
    /**
     * An estimate and its uncertainty.
     *
     * @param value the estimate
     * @param standardError the standard deviation of the estimate
     * @param t value / standardError
     * @param p the probability of a |t| at least as large if the true coefficient were 0
     */
    public record Coefficient(double value, double standardError, double t, double p) {
        static Coefficient of(double value, double variance, int degrees) {
            double error = Math.sqrt(variance);
            double t = value / error;
            return new Coefficient(value, error, t, StudentT.twoSided(t, degrees));
        }
    }

    /** Keeps its own list. */
    public LeastSquares {
        coefficients = List.copyOf(coefficients);
    }

    /**
     * Returns the fit of {@code y} [n] by the columns of {@code x} [n][k].
     *
     * @throws IllegalArgumentException if there are fewer than k + 2 rows, the rows differ in length from each other or
     *     from y, a number is NaN or infinite, a column is the same in all rows, or columns depend on each other
     */
    public static LeastSquares fit(double[][] x, double[] y) {
        return fitAll(x, new double[][] {y}).get(0);
    }

    /**
     * Returns the fits of each of several targets {@code ys} [m][n] by the same columns {@code x} [n][k], which are
     * decomposed only once: the equations of a vector autoregression.
     *
     * @throws IllegalArgumentException as {@link #fit}
     */
    public static List<LeastSquares> fitAll(double[][] x, double[][] ys) {
        Columns columns = Columns.of("least squares", x);
        int n = columns.rows();
        int k = columns.count();
        if (n < k + 2) {
            throw new IllegalArgumentException("least squares: " + n + " rows are too few for " + k
                    + " columns and an intercept; give at least " + (k + 2));
        }
        Lapack.Svd svd = Lapack.singularValues(columns.standardized(), k);
        double[] s = svd.values();
        int rank =
                (int) Arrays.stream(s).filter(value -> value > 1e-15 * n * s[0]).count();
        if (rank < k) {
            throw new IllegalArgumentException("least squares: " + (k - rank) + " of the " + k
                    + " columns can be computed from the others; leave out " + dependent(svd.right(), rank, k));
        }
        return Arrays.stream(ys).map(y -> solve(columns, svd, y)).toList();
    }

    /**
     * The columns of a linear combination that is 0: those with a weight in a right singular vector of the singular
     * value 0.
     */
    private static String dependent(double[] v, int rank, int k) {
        List<Integer> taking = IntStream.range(0, k)
                .filter(j -> IntStream.range(rank, k).anyMatch(i -> Math.abs(v[i * k + j]) > 1e-6))
                .boxed()
                .toList();
        return "as many of the columns " + taking;
    }

    private static LeastSquares solve(Columns columns, Lapack.Svd svd, double[] y) {
        double[] s = svd.values();
        double[] u = svd.left();
        double[] v = svd.right();
        int n = columns.rows();
        int k = columns.count();
        double mean = columns.checkedMean("least squares", y);
        double[] score = new double[k]; // S^-1 U' y
        for (int i = 0; i < k; i++) {
            for (int row = 0; row < n; row++) {
                score[i] += u[row * k + i] * (y[row] - mean);
            }
            score[i] /= s[i];
        }
        double[] b = new double[k];
        for (int j = 0; j < k; j++) {
            for (int i = 0; i < k; i++) {
                b[j] += v[i * k + j] * score[i] / columns.deviation(j);
            }
        }
        double b0 = mean - Vectors.dot(columns.means(), b);
        double residual = 0;
        double total = 0;
        for (int row = 0; row < n; row++) {
            double error = y[row] - b0 - Vectors.dot(columns.x()[row], b);
            residual += error * error;
            total += (y[row] - mean) * (y[row] - mean);
        }
        double noise = residual / (n - k - 1);
        Coefficient[] coefficients = new Coefficient[k];
        double[] toZero = new double[k]; // b0 is the fit where all columns are 0, this far from their means
        for (int j = 0; j < k; j++) {
            double variance = 0;
            for (int i = 0; i < k; i++) {
                double root = v[i * k + j] / s[i];
                variance += root * root;
                toZero[i] += root * columns.mean(j) / columns.deviation(j);
            }
            double scale = columns.deviation(j);
            coefficients[j] = Coefficient.of(b[j], noise * variance / (scale * scale), n - k - 1);
        }
        double variance = 1.0 / n + Arrays.stream(toZero).map(z -> z * z).sum();
        return new LeastSquares(
                Coefficient.of(b0, noise * variance, n - k - 1), List.of(coefficients), 1 - residual / total);
    }

    /** Returns a learner of one number, whose predictor is a {@link LeastSquares}; nothing in it is random. */
    public static Learner learner() {
        return (data, seed) -> fit(Design.doubles(data.x()), Design.target("least squares", data));
    }

    @Override
    public Prediction kind() {
        return Prediction.NUMBERS;
    }

    @Override
    public float[][] predict(float[][] x) {
        FeatureRows.fits("least squares", x, coefficients.size());
        return Arrays.stream(x)
                .map(row -> new float[] {(float) predict(Design.doubles(row))})
                .toArray(float[][]::new);
    }

    /** Returns the intercept and the coefficients, b0 to bk. */
    public List<Coefficient> all() {
        return Stream.concat(Stream.of(intercept), coefficients.stream()).toList();
    }

    /**
     * Returns the fit at a row of k numbers.
     *
     * @throws IllegalArgumentException if there is another number of them
     */
    public double predict(double... row) {
        if (row.length != coefficients.size()) {
            throw new IllegalArgumentException("predict: a row of " + row.length + " numbers for " + coefficients.size()
                    + " coefficients; give one for each");
        }
        double sum = intercept.value;
        for (int j = 0; j < row.length; j++) {
            sum += coefficients.get(j).value * row[j];
        }
        return sum;
    }

    /**
     * Returns the fit at each row.
     *
     * @throws IllegalArgumentException if one has not k numbers
     */
    public double[] predict(double[][] rows) {
        return Arrays.stream(rows).mapToDouble(this::predict).toArray();
    }
}
