package dev.fathom.labs.statistics;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A linear fit whose coefficients pay for their size (Tibshirani 1996): it minimizes 1/(2n) |y - b0 - Z b|^2 + penalty
 * * |b|_1 over columns Z that are standardized to mean 0 and deviation 1 (divisor n), so that many coefficients are 0.
 * Coordinate descent (Friedman, Hastie and Tibshirani 2010) takes one coefficient after another to its own minimum, b_j
 * = S(g_j + b_j, penalty) for the gradient g = Z'(y - Z b) / n and S(v, c) = sign(v) max(0, |v| - c), until none
 * changes.
 *
 * @param penalty what a unit of a coefficient of a standardized column costs
 * @param intercept b0, for columns that are not standardized
 * @param coefficients of columns that are not standardized, in their order
 */
public record Lasso(double penalty, double intercept, List<Double> coefficients) {
    private static final double STILL = 1e-10;
    private static final int MOST_SWEEPS = 10_000_000;

    /** Keeps its own list. */
    public Lasso {
        coefficients = List.copyOf(coefficients);
    }

    /**
     * {@code count} penalties at equal distances on a logarithmic scale, from the smallest at which all coefficients
     * are 0 down to {@code share} of it.
     *
     * @throws IllegalArgumentException as {@link #path}
     */
    public static double[] penalties(double[][] x, double[] y, int count, double share) {
        double most =
                Arrays.stream(new Moments(x, y).gradient).map(Math::abs).max().orElseThrow();
        return IntStream.range(0, count)
                .mapToDouble(i -> most * Math.pow(share, (double) i / (count - 1)))
                .toArray();
    }

    /**
     * Fits {@code y} [n] by the columns of {@code x} [n][k] with each penalty in turn, each starting from the
     * coefficients of the one before.
     *
     * @throws IllegalArgumentException if the rows differ in length from each other or from y, a number is NaN or
     *     infinite, or a column is the same in all rows
     */
    public static List<Lasso> path(double[][] x, double[] y, double... penalties) {
        Moments moments = new Moments(x, y);
        double[] b = new double[moments.columns.count()];
        return Arrays.stream(penalties)
                .mapToObj(penalty -> moments.fit(b, penalty))
                .toList();
    }

    /**
     * The mean absolute error of each penalty on each fold, [folds][penalties], by a path of the rows outside of the
     * fold, whose columns are standardized anew.
     *
     * @param folds the rows of each fold
     * @throws IllegalArgumentException as {@link #path}, for the rows outside of a fold
     */
    public static double[][] errors(double[][] x, double[] y, double[] penalties, int[][] folds) {
        return Arrays.stream(folds)
                .map(fold -> {
                    int[] others = IntStream.range(0, y.length)
                            .filter(i -> Arrays.stream(fold).noneMatch(held -> held == i))
                            .toArray();
                    List<Lasso> path = path(rows(x, others), values(y, others), penalties);
                    return path.stream()
                            .mapToDouble(fit -> fit.meanAbsoluteError(rows(x, fold), values(y, fold)))
                            .toArray();
                })
                .toArray(double[][]::new);
    }

    private static double[][] rows(double[][] x, int[] which) {
        return Arrays.stream(which).mapToObj(i -> x[i]).toArray(double[][]::new);
    }

    private static double[] values(double[] y, int[] which) {
        return Arrays.stream(which).mapToDouble(i -> y[i]).toArray();
    }

    /** The fit at a row of k numbers. */
    public double predict(double... row) {
        double sum = intercept;
        for (int j = 0; j < row.length; j++) {
            sum += coefficients.get(j) * row[j];
        }
        return sum;
    }

    /** The mean of |y - fit| over rows. */
    public double meanAbsoluteError(double[][] x, double[] y) {
        return ForecastErrors.meanAbsolute(
                y, Arrays.stream(x).mapToDouble(this::predict).toArray());
    }

    /** The columns whose coefficients are not 0. */
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
                    gradient[j] += z[j * n + i] * (y[i] - mean) / n;
                    for (int l = 0; l <= j; l++) {
                        products[j][l] += z[j * n + i] * z[l * n + i] / n;
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
                    mean - columns.atMeans(raw),
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
