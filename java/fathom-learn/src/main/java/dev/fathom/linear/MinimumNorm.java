package dev.fathom.linear;

import dev.fathom.openblas.Lapack;
import java.util.Arrays;

/**
 * Least squares without an intercept, for any number of columns: of all B [k][m] that minimize |Y - X B|^2 the one of
 * least norm, B = X^+ Y, where X^+ is the pseudo-inverse of X [n][k] (Penrose 1956). With k &gt; n columns it fits Y
 * exactly, as gradient descent from 0 does. LAPACK computes it by singular values in double precision; those below
 * max(n, k) 2^-52 times the largest count as 0, since rounding leaves so much of a 0.
 */
public final class MinimumNorm {
    private MinimumNorm() {}

    /**
     * Returns the coefficients b [k] of one target {@code y} [n].
     *
     * @throws IllegalArgumentException if x has no row or no column, rows of different lengths, or another number of
     *     rows than y, or a number is NaN or infinite
     */
    public static double[] solve(double[][] x, double[] y) {
        return Arrays.stream(solve(x, column(y))).mapToDouble(row -> row[0]).toArray();
    }

    /**
     * Returns the coefficients B [k][m] of m targets {@code y} [n][m].
     *
     * @throws IllegalArgumentException if x has no row or no column, rows of different lengths, or another number of
     *     rows than y, or a number is NaN or infinite
     */
    public static double[][] solve(double[][] x, double[][] y) {
        int n = x.length;
        int k = n == 0 ? 0 : x[0].length;
        if (k == 0 || y.length != n) {
            throw new IllegalArgumentException("minimum norm: " + n + " rows of " + k + " columns and " + y.length
                    + " targets; give at least one row and one column, and a target for each row");
        }
        int m = y[0].length;
        double[] b = Lapack.leastNorm(flat("row", x, k), k, flat("target", y, m), m);
        double[][] solution = new double[k][];
        Arrays.setAll(solution, j -> Arrays.copyOfRange(b, j * m, (j + 1) * m));
        return solution;
    }

    private static double[] flat(String what, double[][] rows, int width) {
        double[] all = new double[rows.length * width];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("minimum norm: " + what + " " + i + " has " + rows[i].length
                        + " numbers and " + what + " 0 has " + width + "; give all one length");
            }
            for (int j = 0; j < width; j++) {
                if (!Double.isFinite(rows[i][j])) {
                    throw new IllegalArgumentException("minimum norm: " + what + " " + i + ", column " + j + " is "
                            + rows[i][j] + "; replace it, or leave the row out");
                }
                all[i * width + j] = rows[i][j];
            }
        }
        return all;
    }

    /**
     * Returns the coefficients b [k] of one target {@code y} [n] with a penalty on each of them: ridge regression
     * without an intercept, which minimizes |y - X b|^2 + sum penalties[j] b[j]^2 (Hoerl and Kennard 1970).
     *
     * @throws IllegalArgumentException as {@link #solve(double[][], double[])}, or if there is not one penalty of 0 or
     *     more for each column
     */
    public static double[] ridge(double[][] x, double[] y, double... penalties) {
        return Arrays.stream(ridge(x, column(y), penalties))
                .mapToDouble(row -> row[0])
                .toArray();
    }

    private static double[][] column(double[] y) {
        return Arrays.stream(y).mapToObj(v -> new double[] {v}).toArray(double[][]::new);
    }

    /**
     * Returns the coefficients B [k][m] of m targets {@code y} [n][m] with a penalty on each row of them. It is least
     * squares on the rows of X and, for each column, a row of zeros with the root of its penalty there and the target
     * 0.
     *
     * @throws IllegalArgumentException as {@link #solve(double[][], double[][])}, or if there is not one penalty of 0
     *     or more for each column
     */
    public static double[][] ridge(double[][] x, double[][] y, double... penalties) {
        int k = x.length == 0 ? 0 : x[0].length;
        if (penalties.length != k || Arrays.stream(penalties).anyMatch(p -> !(p >= 0))) {
            throw new IllegalArgumentException("ridge: the penalties " + Arrays.toString(penalties) + " of " + k
                    + " columns; give one of 0 or more for each");
        }
        if (k == 0 || y.length != x.length) {
            throw new IllegalArgumentException("ridge: there are " + x.length + " rows of " + k + " columns and "
                    + y.length + " rows of targets; give one of each for every example, and at least one column");
        }
        double[][] rows = Arrays.copyOf(x, x.length + penalties.length);
        for (int j = 0; j < penalties.length; j++) {
            rows[x.length + j] = new double[penalties.length];
            rows[x.length + j][j] = Math.sqrt(penalties[j]);
        }
        double[][] targets = Arrays.copyOf(y, rows.length);
        Arrays.fill(targets, y.length, rows.length, new double[y[0].length]);
        return solve(rows, targets);
    }
}
