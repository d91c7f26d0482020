package dev.fathom.features;

import dev.fathom.tensor.Rng;

/** Rows of features: what every method of them checks and computes. */
public final class FeatureRows {
    /** How many are multiplied at once. */
    static final int BLOCK = 512;

    private FeatureRows() {}

    /**
     * Returns the number of columns, once all rows are known to have as many finite numbers, and at least one.
     *
     * @param op names the method in the message
     * @throws IllegalArgumentException if there is no row or no column, rows differ in length, or a number is NaN or
     *     infinite
     */
    public static int check(String op, float[][] x) {
        if (x.length == 0 || x[0].length == 0) {
            throw new IllegalArgumentException(op + ": " + x.length + " rows of " + (x.length == 0 ? 0 : x[0].length)
                    + " numbers; give at least one row of at least one number");
        }
        rows(op, x, x[0].length, "row 0 has " + x[0].length + "; give all rows one length");
        return x[0].length;
    }

    /**
     * Refuses rows of another length than what was fitted, and numbers of which nothing can be said.
     *
     * @param op names the method in the message
     * @throws IllegalArgumentException if a row has another number of columns, or a number is NaN or infinite
     */
    public static void fits(String op, float[][] x, int columns) {
        rows(op, x, columns, columns + " were fitted; give rows of the same features");
    }

    private static void rows(String op, float[][] x, int columns, String otherwise) {
        for (int i = 0; i < x.length; i++) {
            if (x[i].length != columns) {
                throw new IllegalArgumentException(
                        op + ": row " + i + " has " + x[i].length + " numbers and " + otherwise);
            }
        }
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                if (!Float.isFinite(x[i][j])) {
                    throw new IllegalArgumentException(op + ": row " + i + ", column " + j + " is " + x[i][j]
                            + "; replace it, or leave the row out");
                }
            }
        }
    }

    static double[] means(float[][] x) {
        double[] means = new double[x[0].length];
        for (float[] row : x) {
            for (int j = 0; j < means.length; j++) {
                means[j] += row[j];
            }
        }
        for (int j = 0; j < means.length; j++) {
            means[j] /= x.length;
        }
        return means;
    }

    /** Rows from..to - 1 about the means, row after row. */
    static double[] centered(float[][] x, int from, int to, double[] mean) {
        double[] centered = new double[(to - from) * mean.length];
        for (int i = from; i < to; i++) {
            for (int j = 0; j < mean.length; j++) {
                centered[(i - from) * mean.length + j] = x[i][j] - mean[j];
            }
        }
        return centered;
    }

    /** A matrix [n, columns], row after row, with rows and columns exchanged. */
    static double[] transposed(double[] matrix, int columns) {
        int n = matrix.length / columns;
        double[] turned = new double[matrix.length];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < columns; j++) {
                turned[j * n + i] = matrix[i * columns + j];
            }
        }
        return turned;
    }

    /** W (x - m) of each row, for W [width, columns]. */
    static float[][] transform(String op, float[][] x, double[] mean, double[] w) {
        int columns = mean.length;
        fits(op, x, columns);
        int width = w.length / columns;
        float[][] z = new float[x.length][width];
        for (int i = 0; i < x.length; i++) {
            for (int c = 0; c < width; c++) {
                double sum = 0;
                for (int j = 0; j < columns; j++) {
                    sum += w[c * columns + j] * (x[i][j] - mean[j]);
                }
                z[i][c] = (float) sum;
            }
        }
        return z;
    }

    /** W'z + m of each row, for W [width, columns]. */
    static float[][] inverse(float[][] z, double[] mean, double[] w) {
        int columns = mean.length;
        int width = w.length / columns;
        rows("inverse", z, width, "the transform gives " + width + "; give what it gave");
        float[][] x = new float[z.length][columns];
        for (int i = 0; i < z.length; i++) {
            double[] sum = mean.clone();
            for (int c = 0; c < width; c++) {
                for (int j = 0; j < columns; j++) {
                    sum[j] += w[c * columns + j] * z[i][c];
                }
            }
            for (int j = 0; j < columns; j++) {
                x[i][j] = (float) sum[j];
            }
        }
        return x;
    }

    /**
     * Draws {@code n} of the numbers 0 to {@code weights.length - 1} with replacement, each in proportion to its
     * weight.
     *
     * @param weights 0 or more, and some above 0
     */
    static int[] draw(double[] weights, int n, Rng rng) {
        double[] up = weights.clone();
        for (int i = 1; i < up.length; i++) {
            up[i] += up[i - 1];
        }
        double[] u = rng.doubles(n);
        int[] drawn = new int[n];
        for (int i = 0; i < n; i++) {
            double at = u[i] * up[up.length - 1]; // it stays below the last sum
            int low = 0;
            for (int high = up.length - 1; low < high; ) { // the first whose sum is above
                int middle = (low + high) >>> 1;
                if (up[middle] > at) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            drawn[i] = low;
        }
        return drawn;
    }

    /** The index of the largest number, the first of equal ones. */
    static int largest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
