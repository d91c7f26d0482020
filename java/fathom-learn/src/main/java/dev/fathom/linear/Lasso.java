package dev.fathom.linear;

import dev.fathom.features.FeatureRows;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A linear fit whose coefficients pay for their size (Tibshirani 1996): it minimizes 1/(2n) |y - b0 - Z b|^2 + penalty
 * * |b|_1 over columns Z that are standardized to mean 0 and deviation 1 (divisor n), so that many coefficients are 0.
 * Coordinate descent (Friedman, Hastie and Tibshirani 2010) takes one coefficient after another to its own minimum, b_j
 * = S(g_j + b_j, penalty) for the gradient g = Z'(y - Z b) / n and S(v, c) = sign(v) max(0, |v| - c), until none
 * changes. It is scikit-learn's {@code Lasso} after its {@code StandardScaler}.
 *
 * <pre>{@code
 * List<Lasso> path = Lasso.path(x, y, Lasso.penalties(x, y, 100, 0.01));
 * }</pre>
 *
 * @param penalty what a unit of a coefficient of a standardized column costs
 * @param intercept b0, for columns that are not standardized
 * @param coefficients of columns that are not standardized, in their order
 */
public record Lasso(double penalty, double intercept, List<Double> coefficients) implements Predictor {
    private static final double STILL = 1e-10;
    private static final int MOST_SWEEPS = 10_000_000;

    /** Keeps its own list. */
    public Lasso {
        coefficients = List.copyOf(coefficients);
    }

    /**
     * Returns a learner of one number with this penalty, whose predictor is a {@link Lasso}; nothing in it is random.
     *
     * @throws IllegalArgumentException if the penalty is negative or not finite
     */
    public static Learner learner(double penalty) {
        checked(penalty);
        return (data, seed) -> path(Design.doubles(data.x()), Design.target("lasso", data), penalty)
                .get(0);
    }

    private static void checked(double penalty) {
        if (!(penalty >= 0 && penalty < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("lasso: penalty=" + penalty + " must be 0 or more and finite");
        }
    }

    /**
     * Returns {@code count} penalties at equal distances on a logarithmic scale, from the smallest at which all
     * coefficients are 0 down to {@code share} of it.
     *
     * @throws IllegalArgumentException as {@link #path}, or unless count &gt; 1 and 0 &lt; share &lt; 1
     */
    public static double[] penalties(double[][] x, double[] y, int count, double share) {
        if (count < 2 || !(share > 0 && share < 1)) {
            throw new IllegalArgumentException("penalties: count=" + count + " must be at least 2, and share=" + share
                    + " above 0 and below 1, e.g. 100 and 0.01");
        }
        double most =
                Arrays.stream(new Moments(x, y).gradient).map(Math::abs).max().orElseThrow();
        return IntStream.range(0, count)
                .mapToDouble(i -> most * Math.pow(share, (double) i / (count - 1)))
                .toArray();
    }

    /**
     * Returns the fits of {@code y} [n] by the columns of {@code x} [n][k] with each penalty in turn, each starting
     * from the coefficients of the one before.
     *
     * @throws IllegalArgumentException if the rows differ in length from each other or from y, a number is NaN or
     *     infinite, a column is the same in all rows, or a penalty is negative or not finite
     */
    public static List<Lasso> path(double[][] x, double[] y, double... penalties) {
        Moments moments = new Moments(x, y);
        double[] b = new double[moments.columns.count()];
        return Arrays.stream(penalties)
                .mapToObj(penalty -> {
                    checked(penalty);
                    return moments.fit(b, penalty);
                })
                .toList();
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
        double sum = intercept;
        for (int j = 0; j < row.length; j++) {
            sum += coefficients.get(j) * row[j];
        }
        return sum;
    }

    @Override
    public Prediction kind() {
        return Prediction.NUMBERS;
    }

    @Override
    public float[][] predict(float[][] x) {
        FeatureRows.fits("lasso", x, coefficients.size());
        return Arrays.stream(x)
                .map(row -> new float[] {(float) predict(Design.doubles(row))})
                .toArray(float[][]::new);
    }

    /** Returns the columns whose coefficients are not 0. */
    public int[] chosen() {
        return IntStream.range(0, coefficients.size())
                .filter(j -> coefficients.get(j) != 0)
                .toArray();
    }

    /** All that a fit needs of the rows: Z'Z / n, and the gradient Z'y / n at coefficients of 0. */
    private static final class Moments {
        final Columns columns;
        final double mean;
        final double[] gradient;
        private final double[][] products;

        Moments(double[][] x, double[] y) {
            columns = Columns.of("lasso", x);
            mean = columns.checkedMean("lasso", y);
            int n = columns.rows();
            int k = columns.count();
            double[] z = columns.standardized();
            gradient = new double[k];
            products = new double[k][k];
            for (int j = 0; j < k; j++) {
                for (int i = 0; i < n; i++) {
                    gradient[j] += z[i * k + j] * (y[i] - mean) / n;
                    for (int l = 0; l <= j; l++) {
                        products[j][l] += z[i * k + j] * z[i * k + l] / n;
                    }
                }
                for (int l = 0; l < j; l++) {
                    products[l][j] = products[j][l];
                }
            }
        }

        /** Fits {@code b}, the coefficients of the standardized columns, starting from its values. */
        Lasso fit(double[] b, double penalty) {
            int k = b.length;
            double[] g = gradient.clone();
            for (int j = 0; j < k; j++) {
                step(g, j, b[j]);
            }
            double moved = Double.POSITIVE_INFINITY;
            double still = STILL * Arrays.stream(gradient).map(Math::abs).max().orElse(0);
            for (int sweep = 0; moved > still; sweep++) {
                if (sweep == MOST_SWEEPS) {
                    throw new IllegalStateException("lasso: after " + MOST_SWEEPS
                            + " sweeps a coefficient still changes by " + moved + " at the penalty " + penalty
                            + "; the columns are too similar, so leave some out");
                }
                moved = 0;
                for (int j = 0; j < k; j++) {
                    double v = g[j] + b[j];
                    double to = Math.copySign(Math.max(0, Math.abs(v) - penalty), v);
                    double by = to - b[j];
                    if (by != 0) {
                        b[j] = to;
                        step(g, j, by);
                        moved = Math.max(moved, Math.abs(by));
                    }
                }
            }
            double[] raw = new double[k];
            for (int j = 0; j < k; j++) {
                raw[j] = b[j] == 0 ? 0 : b[j] / columns.deviation(j);
            }
            return new Lasso(
                    penalty,
                    mean - Vectors.dot(columns.means(), raw),
                    Arrays.stream(raw).boxed().toList());
        }

        private void step(double[] g, int j, double by) {
            double[] row = products[j];
            for (int l = 0; l < g.length; l++) {
                g[l] -= by * row[l];
            }
        }
    }
}
