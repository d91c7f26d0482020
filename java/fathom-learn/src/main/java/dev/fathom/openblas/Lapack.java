package dev.fathom.openblas;

import static org.bytedeco.openblas.global.openblas.CblasColMajor;
import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgelqf;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgelsd;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgesdd;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dorglq;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyev;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas.LAPACK_ROW_MAJOR;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;

import dev.fathom.kernel.NativeException;
import java.util.Arrays;
import org.bytedeco.openblas.global.openblas;

/**
 * What the library needs of LAPACK, in double precision, from the OpenBLAS preset: products, eigenvectors and
 * orthonormal bases of matrices that are stored row after row. Analyses of features and linear models use it. OpenBLAS
 * has threads of its own, whose number it chooses by the machine, so the last bits of results may differ between
 * machines.
 */
public final class Lapack {
    private Lapack() {}

    /**
     * Adds A'B to {@code sum} [p, q], for A [n, p] and B [n, q].
     *
     * @throws NativeException if OpenBLAS is not there
     */
    public static void addProduct(double[] a, int p, double[] b, int q, double[] sum) {
        OpenBlas.load(() -> openblas.class, "LAPACK");
        // LAPACK reads rows as columns: what is written as A'B is computed as its transpose, B'A
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, q, p, a.length / p, 1, b, q, a, p, 1, sum, q);
    }

    /**
     * Replaces a symmetric matrix [n, n] by its orthonormal eigenvectors, one in each row, and returns their
     * eigenvalues in ascending order.
     *
     * @throws IllegalStateException if they cannot be found, because a number is not finite
     * @throws NativeException if OpenBLAS is not there
     */
    public static double[] eigenvectors(double[] matrix, int n) {
        OpenBlas.load(() -> openblas.class, "LAPACK");
        double[] values = new double[n];
        check("dsyev", LAPACKE_dsyev(LAPACK_COL_MAJOR, (byte) 'V', (byte) 'U', n, matrix, n, values));
        return values;
    }

    /**
     * Returns an orthonormal basis [rows, width] of the space that the columns of a matrix [rows, width] span, where
     * rows &gt;= width.
     *
     * @throws IllegalStateException if a number is not finite
     * @throws NativeException if OpenBLAS is not there
     */
    public static double[] orthonormal(double[] matrix, int width) {
        OpenBlas.load(() -> openblas.class, "LAPACK");
        int rows = matrix.length / width;
        double[] q = matrix.clone();
        double[] factors = new double[width];
        // LAPACK reads rows as columns, so L Q here is the Q R of the matrix as it is written
        check("dgelqf", LAPACKE_dgelqf(LAPACK_COL_MAJOR, width, rows, q, width, factors));
        check("dorglq", LAPACKE_dorglq(LAPACK_COL_MAJOR, width, rows, width, q, width, factors));
        return q;
    }

    /**
     * The singular value decomposition A = U S V' of a matrix [rows, width] with rows &gt;= width.
     *
     * @param left U [rows, width]
     * @param values the diagonal of S, from the largest to the smallest
     * @param right V' [width, width], a right singular vector in each row
     */
    public record Svd(double[] left, double[] values, double[] right) {}

    /**
     * Returns the singular value decomposition of a matrix [rows, width], which is lost, where rows &gt;= width.
     *
     * @throws IllegalStateException if it cannot be found, because a number is not finite
     * @throws NativeException if OpenBLAS is not there
     */
    public static Svd singularValues(double[] matrix, int width) {
        OpenBlas.load(() -> openblas.class, "LAPACK");
        int rows = matrix.length / width;
        Svd svd = new Svd(new double[rows * width], new double[width], new double[width * width]);
        check(
                "dgesdd",
                LAPACKE_dgesdd(
                        LAPACK_ROW_MAJOR,
                        (byte) 'S',
                        rows,
                        width,
                        matrix,
                        width,
                        svd.values,
                        svd.left,
                        width,
                        svd.right,
                        width));
        return svd;
    }

    /**
     * Returns of all B [width, m] that minimize |Y - A B|^2 the one of least norm, for A [rows, width], which is lost,
     * and Y [rows, m]. Singular values of A count as 0 below max(rows, width) 2^-52 times the largest, since rounding
     * leaves so much of a 0.
     *
     * @throws IllegalStateException if it cannot be found, because a number is not finite
     * @throws NativeException if OpenBLAS is not there
     */
    public static double[] leastNorm(double[] a, int width, double[] y, int m) {
        OpenBlas.load(() -> openblas.class, "LAPACK");
        int rows = a.length / width;
        int longer = Math.max(rows, width);
        double[] b = Arrays.copyOf(y, longer * m);
        double[] values = new double[Math.min(rows, width)];
        double zero = longer * Math.ulp(1.0);
        check("dgelsd", LAPACKE_dgelsd(LAPACK_ROW_MAJOR, rows, width, m, a, width, b, m, values, zero, new int[1]));
        return Arrays.copyOf(b, width * m);
    }

    private static void check(String routine, int info) {
        if (info != 0) {
            throw new IllegalStateException("LAPACK's " + routine + " failed with code " + info
                    + "; check that all numbers in the matrix are finite");
        }
    }
}
