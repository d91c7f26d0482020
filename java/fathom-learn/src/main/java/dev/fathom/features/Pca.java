package dev.fathom.features;

import dev.fathom.openblas.Lapack;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Principal components: the orthonormal directions v of greatest variance v' C v of rows x, where C = (X'X - n m m') /
 * (n - 1) is their covariance about their mean m (Pearson 1901; Hotelling 1933). {@link #transform} gives z = V (x -
 * m), and {@link #inverse} gives V'z + m, the nearest point of the plane that the components span.
 *
 * <pre>{@code
 * Pca pca = Pca.fit(rows, 2);
 * float[][] plane = pca.transform(rows);
 * double explained = pca.share();
 * }</pre>
 *
 * <p>The sign of a component makes its largest number positive, as in scikit-learn since 1.5. LAPACK chooses its own
 * number of threads, so the last bits may differ between machines.
 *
 * @param mean of each column
 * @param components [width, columns], row after row, in order of decreasing variance
 * @param variances of the rows along each component
 * @param total the sum of the variances of all columns, of which the components explain a part
 */
public record Pca(double[] mean, double[] components, double[] variances, double total) implements Projection {
    private static final int MOST_ROUNDS = 1000;

    /**
     * Finds the first {@code width} components exactly, from all eigenvectors of the covariance; or of the products of
     * the rows with each other, if there are fewer rows than columns.
     *
     * @param x [rows][columns]
     * @throws IllegalArgumentException if there are fewer than two rows, they have no numbers or different numbers of
     *     them, one is NaN or infinite, or there are fewer rows or columns than components
     */
    public static Pca fit(float[][] x, int width) {
        int columns = FeatureRows.check("pca", x);
        int n = x.length;
        if (n < 2 || width < 1 || width > Math.min(n, columns)) {
            throw refused(width, n, columns, Math.min(n, columns));
        }
        double[] mean = FeatureRows.means(x);
        double[] components;
        double[] variances = new double[width];
        double total;
        if (n >= columns) {
            double[] axes = new double[columns * columns];
            for (int from = 0; from < n; from += FeatureRows.BLOCK) {
                double[] block = FeatureRows.centered(x, from, Math.min(n, from + FeatureRows.BLOCK), mean);
                Lapack.addProduct(block, columns, block, columns, axes);
            }
            double[] values = Lapack.eigenvectors(axes, columns);
            total = variances(values, n, variances);
            components = new double[width * columns];
            for (int c = 0; c < width; c++) {
                System.arraycopy(axes, (columns - 1 - c) * columns, components, c * columns, columns);
            }
        } else {
            double[] centered = FeatureRows.centered(x, 0, n, mean);
            double[] turned = FeatureRows.transposed(centered, columns);
            double[] axes = new double[n * n];
            Lapack.addProduct(turned, n, turned, n, axes);
            double[] values = Lapack.eigenvectors(axes, n);
            total = variances(values, n, variances);
            double[] along = new double[n * width]; // the first eigenvectors as columns
            for (int c = 0; c < width; c++) {
                for (int i = 0; i < n; i++) {
                    along[i * width + c] = axes[(n - 1 - c) * n + i];
                }
            }
            double[] directions = new double[columns * width];
            Lapack.addProduct(centered, columns, along, width, directions);
            components = FeatureRows.transposed(Lapack.orthonormal(directions, width), width);
        }
        makeLargestPositive(components, columns);
        return new Pca(mean, components, variances, total);
    }

    /** Writes the largest of ascending sums of squares as variances, and returns the variance of all. */
    private static double variances(double[] squares, int n, double[] to) {
        for (int c = 0; c < to.length; c++) {
            to[c] = Math.max(0, squares[squares.length - 1 - c]) / (n - 1);
        }
        return Arrays.stream(squares).sum() / (n - 1);
    }

    /**
     * Finds the first {@code width} components of rows that may be sparse, by orthogonal iteration (Golub and Van Loan,
     * Matrix Computations, section 8.2) on half as many directions again as are asked for, each round of which
     * multiplies them by C and makes them orthonormal again. C itself is never computed, so there may be many columns.
     *
     * @param tolerance the iteration ends when a round changes the sum of the variances by no more than this part of it
     * @throws IllegalArgumentException if there are fewer than two rows, or fewer than {@code width} columns
     */
    public static Pca of(SparseRows x, int width, double tolerance, long seed) {
        return of(x, width, tolerance, seed, () -> false);
    }

    /**
     * Finds {@code width} components like {@link #of(SparseRows, int, double, long)}, or what the rounds so far have
     * found of them once {@code stopped} says true, which is asked after each round.
     */
    public static Pca of(SparseRows x, int width, double tolerance, long seed, BooleanSupplier stopped) {
        int n = x.rows();
        int columns = x.columns();
        if (n < 2 || width < 1 || width > columns) {
            throw refused(width, n, columns, columns);
        }
        SparseRows turned = x.transposed();
        double[] mean = turned.rowSums();
        for (int j = 0; j < columns; j++) {
            mean[j] /= n;
        }
        int all = Math.min(columns, width + width / 2 + 8);
        double[] basis = Lapack.orthonormal(normal(columns * all, seed), all);
        double[] variances = new double[width];
        for (int round = 1; ; round++) {
            double[] image = covariance(x, turned, mean, basis, all);
            double[] axes = new double[all * all];
            Lapack.addProduct(image, all, basis, all, axes); // symmetric but for rounding
            double[] values = Lapack.eigenvectors(axes, all);
            double before = Arrays.stream(variances).sum();
            for (int c = 0; c < width; c++) {
                variances[c] = values[all - 1 - c];
            }
            double now = Arrays.stream(variances).sum();
            if (Math.abs(now - before) <= tolerance * now || round == MOST_ROUNDS || stopped.getAsBoolean()) {
                return new Pca(mean, components(basis, axes, all, width), variances, total(x, mean));
            }
            basis = Lapack.orthonormal(image, all);
        }
    }

    private static IllegalArgumentException refused(int width, int rows, int columns, int most) {
        return new IllegalArgumentException("pca: " + width + " components of " + rows + " rows of " + columns
                + " columns; ask for 1 to " + most + " of at least two rows");
    }

    private static double[] normal(int n, long seed) {
        float[] drawn = new Rng(seed).normal(n, 0, 1);
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = drawn[i];
        }
        return values;
    }

    private static double total(SparseRows x, double[] mean) {
        double squares = 0;
        for (float v : x.values()) {
            squares += (double) v * v;
        }
        return (squares - x.rows() * Vectors.dot(mean, mean)) / (x.rows() - 1);
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

    /** The last {@code width} axes, which are combinations of the basis, with the one of largest variance first. */
    private static double[] components(double[] basis, double[] axes, int all, int width) {
        int columns = basis.length / all;
        double[] components = new double[width * columns];
        for (int c = 0; c < width; c++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int i = 0; i < all; i++) {
                    sum += basis[j * all + i] * axes[(all - 1 - c) * all + i];
                }
                components[c * columns + j] = sum;
            }
        }
        makeLargestPositive(components, columns);
        return components;
    }

    /** Gives every row of so many columns the sign that makes its largest number positive. */
    static void makeLargestPositive(double[] components, int columns) {
        for (int from = 0; from < components.length; from += columns) {
            double largest = 0;
            for (int j = 0; j < columns; j++) {
                double value = components[from + j];
                largest = Math.abs(value) > Math.abs(largest) ? value : largest;
            }
            for (int j = 0; j < columns && largest < 0; j++) {
                components[from + j] *= -1;
            }
        }
    }

    /** Returns how many components there are. */
    public int width() {
        return variances.length;
    }

    /**
     * Returns the share of the variance of the rows that the components explain together; NaN if all rows are the same.
     */
    public double share() {
        return Arrays.stream(variances).sum() / total;
    }

    /** {@inheritDoc} Here z = V (x - m), where the rows of V are the components. */
    @Override
    public float[][] transform(float[][] x) {
        return FeatureRows.transform("transform", x, mean, components);
    }

    /** {@inheritDoc} Here it is V'z + m. With as many components as columns it gives back x. */
    @Override
    public float[][] inverse(float[][] z) {
        return FeatureRows.inverse(z, mean, components);
    }

    /**
     * Returns where rows lie along the components, about the mean, in double precision: [rows, width], row after row.
     */
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
