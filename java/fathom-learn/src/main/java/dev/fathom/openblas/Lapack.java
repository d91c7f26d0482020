package dev.fathom.openblas;

import static org.bytedeco.openblas.global.openblas.CblasColMajor;
import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgelqf;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dorglq;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyev;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;

import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/**
 * What the library needs of LAPACK, in double precision, from the OpenBLAS preset: products, eigenvectors and
 * orthonormal bases of matrices that are stored row after row. Only the analyses of features use it, so a program that
 * never calls them needs no OpenBLAS. OpenBLAS has threads of its own, whose number it chooses by the machine, so the
 * last bits of results may differ between machines.
 */
public final class Lapack {
    private Lapack() {}

    /**
     * Adds A'B to {@code sum} [p, q], for A [n, p] and B [n, q].
     *
     * @throws NativeException if OpenBLAS is not on the class path
     */
    public static void addProduct(double[] a, int p, double[] b, int q, double[] sum) {
        present();
        // LAPACK reads rows as columns: what is written as A'B is computed as its transpose, B'A
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, q, p, a.length / p, 1, b, q, a, p, 1, sum, q);
    }

    /**
     * Replaces a symmetric matrix [n, n] by its orthonormal eigenvectors, one in each row, and returns their
     * eigenvalues in ascending order.
     *
     * @throws IllegalStateException if they cannot be found, because a number is not finite
     * @throws NativeException if OpenBLAS is not on the class path
     */
    public static double[] eigenvectors(double[] matrix, int n) {
        present();
        double[] values = new double[n];
        check("dsyev", LAPACKE_dsyev(LAPACK_COL_MAJOR, (byte) 'V', (byte) 'U', n, matrix, n, values));
        return values;
    }

    /**
     * Returns an orthonormal basis [rows, width] of the space that the columns of a matrix [rows, width] span, where
     * rows &gt;= width.
     *
     * @throws IllegalStateException if a number is not finite
     * @throws NativeException if OpenBLAS is not on the class path
     */
    public static double[] orthonormal(double[] matrix, int width) {
        present();
        int rows = matrix.length / width;
        double[] q = matrix.clone();
        double[] factors = new double[width];
        // LAPACK reads rows as columns, so L Q here is the Q R of the matrix as it is written
        check("dgelqf", LAPACKE_dgelqf(LAPACK_COL_MAJOR, width, rows, q, width, factors));
        check("dorglq", LAPACKE_dorglq(LAPACK_COL_MAJOR, width, rows, width, q, width, factors));
        return q;
    }

    private static void check(String routine, int info) {
        if (info != 0) {
            throw new IllegalStateException("LAPACK's " + routine + " failed with code " + info
                    + "; check that all numbers in the matrix are finite");
        }
    }

    /** Loads OpenBLAS at the first use. */
    private static void present() {
        try {
            Loader.load(openblas.class);
        } catch (LinkageError e) {
            throw new NativeException(
                    "LAPACK cannot be used: put org.bytedeco:openblas and org.bytedeco:javacpp with the classifier "
                            + NativeRuntime.platform() + " on the class path",
                    e);
        }
    }
}
