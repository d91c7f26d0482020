package dev.fathom.labs.statistics;

import static org.bytedeco.openblas.global.openblas.CblasColMajor;
import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgelqf;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dorglq;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyev;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Principal components: the orthonormal directions v of greatest variance v' C v of rows x, where C = (X'X - n m m') / (n - 1) is their covariance about
 * their mean m.
 *
 * <p>They are found by orthogonal iteration (Golub and Van Loan, Matrix Computations, section 8.2) on half as many directions again as are asked for, each
 * round of which multiplies them by C and makes them orthonormal again by LAPACK. C itself is never computed, so rows of many columns may be sparse. The
 * sign of a component makes its largest number positive, as in scikit-learn since 1.5. LAPACK chooses its own number of threads, so the last bits may differ
 * between machines.
 *
 * @param mean of each column
 * @param components [width, columns], row after row, in order of decreasing variance
 * @param variances of the rows along each component
 */
public record Pca(double[] mean, double[] components, double[] variances) {
    private static final int MOST_ROUNDS = 1000;

    /**
     * Finds {@code width} components.
     *
     * @param tolerance the iteration ends when a round changes the sum of the variances by no more than this part of it
     * @throws IllegalArgumentException if there are fewer than two rows, or fewer than {@code width} columns
     */
    public static Pca of(SparseRows x, int width, double tolerance, long seed) {
        return of(x, width, tolerance, seed, () -> false);
    }

    /**
     * Finds {@code width} components like {@link #of(SparseRows, int, double, long)}, or what the rounds so far have found of them once {@code stopped} says
     * true, which is asked after each round.
     */
    public static Pca of(SparseRows x, int width, double tolerance, long seed, BooleanSupplier stopped) {
        int n = x.rows();
        int columns = x.columns();
        if (n < 2 || width < 1 || width > columns) {
            throw new IllegalArgumentException("pca: " + width + " components of " + n + " rows of " + columns
                    + " columns; ask for 1 to " + columns + " of at least two rows");
        }
        SparseRows turned = x.transposed();
        double[] mean = turned.rowSums();
        for (int j = 0; j < columns; j++) {
            mean[j] /= n;
        }
        int all = Math.min(columns, width + width / 2 + 8);
        double[] basis = orthonormal(normal(columns * all, seed), all);
        double[] variances = new double[width];
        for (int round = 1; ; round++) {
            double[] image = covariance(x, turned, mean, basis, all);
            double[] axes = product(basis, image, all);
            double[] values = new double[all];
            check("dsyev", LAPACKE_dsyev(LAPACK_COL_MAJOR, (byte) 'V', (byte) 'U', all, axes, all, values));
            double before = Arrays.stream(variances).sum();
            for (int c = 0; c < width; c++) {
                variances[c] = values[all - 1 - c]; // LAPACK sorts them in ascending order
            }
            double now = Arrays.stream(variances).sum();
            if (Math.abs(now - before) <= tolerance * now || round == MOST_ROUNDS || stopped.getAsBoolean()) {
                return new Pca(mean, components(basis, axes, all, width), variances);
            }
            basis = orthonormal(image, all);
        }
    }

    private static double[] normal(int n, long seed) {
        float[] drawn = new Rng(seed).normal(n, 0, 1);
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = drawn[i];
        }
        return values;
    }

    /** C B for B [columns, width]. */
    private static double[] covariance(SparseRows x, SparseRows turned, double[] mean, double[] b, int width) {
        double[] image = turned.times(x.times(b, width), width);
        double[] along = new double[width]; // m' B
        for (int j = 0; j < mean.length; j++) {
            for (int c = 0; c < width; c++) {
                along[c] += mean[j] * b[j * width + c];
            }
        }
        int n = x.rows();
        for (int j = 0; j < mean.length; j++) {
            for (int c = 0; c < width; c++) {
                image[j * width + c] = (image[j * width + c] - n * mean[j] * along[c]) / (n - 1);
            }
        }
        return image;
    }

    /** An orthonormal basis of the space of the columns. LAPACK reads rows as columns, so L Q here is the Q R of the matrix as it is written. */
    private static double[] orthonormal(double[] matrix, int width) {
        int rows = matrix.length / width;
        double[] q = matrix.clone();
        double[] factors = new double[width];
        check("dgelqf", LAPACKE_dgelqf(LAPACK_COL_MAJOR, width, rows, q, width, factors));
        check("dorglq", LAPACKE_dorglq(LAPACK_COL_MAJOR, width, rows, width, q, width, factors));
        return q;
    }

    /** A'B [width, width], which is symmetric here, so it does not matter that BLAS reads rows as columns. */
    private static double[] product(double[] a, double[] b, int width) {
        double[] product = new double[width * width];
        int n = a.length / width;
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, width, width, n, 1, a, width, b, width, 0, product, width);
        return product;
    }

    /** The last {@code width} axes, which are combinations of the basis, with the one of largest variance first. */
    private static double[] components(double[] basis, double[] axes, int all, int width) {
        int columns = basis.length / all;
        double[] components = new double[width * columns];
        for (int c = 0; c < width; c++) {
            double largest = 0;
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int i = 0; i < all; i++) {
                    sum += basis[j * all + i] * axes[(all - 1 - c) * all + i];
                }
                components[c * columns + j] = sum;
                largest = Math.abs(sum) > Math.abs(largest) ? sum : largest;
            }
            for (int j = 0; j < columns && largest < 0; j++) {
                components[c * columns + j] *= -1;
            }
        }
        return components;
    }

    private static void check(String routine, int info) {
        if (info != 0) {
            throw new IllegalStateException("pca: LAPACK's " + routine + " failed with code " + info
                    + "; check that all numbers in the rows are finite");
        }
    }

    /** How many components there are. */
    public int width() {
        return variances.length;
    }

    /** Where rows lie along the components, about the mean: [rows, width], row after row. */
    public double[] scores(SparseRows x) {
        int width = width();
        int columns = mean.length;
        double[] directions = new double[components.length];
        double[] center = new double[width];
        for (int c = 0; c < width; c++) {
            for (int j = 0; j < columns; j++) {
                directions[j * width + c] = components[c * columns + j];
                center[c] += mean[j] * components[c * columns + j];
            }
        }
        double[] scores = x.times(directions, width);
        for (int i = 0; i < scores.length; i++) {
            scores[i] -= center[i % width];
        }
        return scores;
    }
}
