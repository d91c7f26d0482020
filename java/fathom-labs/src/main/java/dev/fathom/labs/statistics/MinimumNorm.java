package dev.fathom.labs.statistics;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dgelsd;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import java.util.Arrays;

/**
 * Least squares without an intercept, for any number of columns: of all B [k][m] that minimize |Y - X B|^2 the one of
 * least norm, B = X^+ Y, where X^+ is the pseudo-inverse of X [n][k] (Penrose 1956). With k &gt; n columns it fits Y
 * exactly, as gradient descent from 0 does. LAPACK's dgelsd computes it by singular values in double precision; those
 * below max(n, k) 2^-52 times the largest count as 0, since rounding leaves so much of a 0.
 */
public final class MinimumNorm {
    private MinimumNorm() {}

    /** Fits one target {@code y} [n]. */
    public static double[] solve(double[][] x, double[] y) {
        double[][] columns = new double[y.length][];
        Arrays.setAll(columns, i -> new double[] {y[i]});
        return Arrays.stream(solve(x, columns)).mapToDouble(row -> row[0]).toArray();
    }

    /**
     * Fits m targets {@code y} [n][m].
     *
     * @throws IllegalArgumentException if x has no row or no column, or another number of rows than y
     */
    public static double[][] solve(double[][] x, double[][] y) {
        int n = x.length;
        int k = n == 0 ? 0 : x[0].length;
        if (k == 0 || y.length != n) {
            throw new IllegalArgumentException("minimum norm: " + n + " rows of " + k + " columns and " + y.length
                    + " targets; give at least one row and one column, and a target for each row");
        }
        int m = y[0].length;
        int longer = Math.max(n, k);
        double[] a = new double[n * k];
        double[] b = new double[longer * m];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < k; j++) {
                a[j * n + i] = x[i][j];
            }
            for (int j = 0; j < m; j++) {
                b[j * longer + i] = y[i][j];
            }
        }
        double[] singular = new double[Math.min(n, k)];
        double zero = Math.max(n, k) * Math.ulp(1.0);
        int failed = LAPACKE_dgelsd(LAPACK_COL_MAJOR, n, k, m, a, n, b, longer, singular, zero, new int[1]);
        if (failed != 0) {
            throw new IllegalArgumentException("minimum norm: LAPACK's dgelsd found no singular values and returned "
                    + failed + "; check that all numbers are finite");
        }
        double[][] solution = new double[k][m];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < m; j++) {
                solution[i][j] = b[j * longer + i];
            }
        }
        return solution;
    }

    /**
     * Fits {@code y} [n] with a penalty on each coefficient: ridge regression, which minimizes |y - X b|^2 + sum
     * penalties[j] b[j]^2 (Hoerl and Kennard 1970). It is least squares on the rows of X and, for each column, a row of
     * zeros with the root of its penalty there and the target 0.
     */
    public static double[] ridge(double[][] x, double[] y, double... penalties) {
        double[][] rows = Arrays.copyOf(x, x.length + penalties.length);
        for (int j = 0; j < penalties.length; j++) {
            rows[x.length + j] = new double[penalties.length];
            rows[x.length + j][j] = Math.sqrt(penalties[j]);
        }
        return solve(rows, Arrays.copyOf(y, rows.length));
    }
}
