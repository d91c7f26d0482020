package dev.fathom.labs.outliers;

import java.util.Arrays;

/**
 * The distance of each window to the window that is most like it (Yeh et al. 2016), where each column of a window is
 * scaled to mean 0 and deviation 1: it is the square root of the mean over the columns of 2 m (1 - r), for m rows and a
 * correlation r. A window unlike all others is an outlier.
 */
final class MatrixProfile {
    private static final double FLAT = 1e-6; // the deviation below which a column is constant in a window

    private MatrixProfile() {}

    /**
     * The distance of each window of {@code rows} to the nearest window of {@code among}.
     *
     * @param rows [n][columns], and {@code among} [k][columns]
     * @param m the rows of a window
     * @param apart windows of the same series that begin less than so many rows apart are not compared; 0 for two
     *     different series
     * @return a distance for each of the n - m + 1 windows
     */
    static double[] of(float[][] rows, float[][] among, int m, int apart) {
        Column[] a = columns(rows, m);
        Column[] b = columns(among, m);
        int n = rows.length - m + 1;
        int k = among.length - m + 1;
        double[] nearest = new double[n];
        Arrays.fill(nearest, Double.POSITIVE_INFINITY);
        double[] products = new double[a.length];
        for (int shift = 1 - n; shift < k; shift++) { // one diagonal of pairs (i, i + shift)
            if (Math.abs(shift) < apart) {
                continue;
            }
            int from = Math.max(0, -shift);
            int to = Math.min(n, k - shift);
            for (int i = from; i < to; i++) {
                double distance = 0;
                for (int c = 0; c < a.length; c++) {
                    products[c] = i == from
                            ? a[c].product(i, b[c], i + shift, m)
                            : products[c] + a[c].change(i, b[c], i + shift, m);
                    distance += a[c].squared(products[c], i, b[c], i + shift, m);
                }
                nearest[i] = Math.min(nearest[i], distance);
            }
        }
        return Arrays.stream(nearest).map(d -> Math.sqrt(d / a.length)).toArray();
    }

    /** A column with the mean and the deviation of each of its windows. */
    private record Column(float[] x, double[] mean, double[] deviation) {
        double product(int i, Column other, int j, int m) {
            double sum = 0;
            for (int t = 0; t < m; t++) {
                sum += (double) x[i + t] * other.x[j + t];
            }
            return sum;
        }

        /** What comes to the product, and what leaves it, when both windows move on by a row. */
        double change(int i, Column other, int j, int m) {
            return (double) x[i + m - 1] * other.x[j + m - 1] - (double) x[i - 1] * other.x[j - 1];
        }

        /** 2 m (1 - r); 0 for two constant windows, and m for one that is not and one that is. */
        double squared(double product, int i, Column other, int j, int m) {
            boolean flat = deviation[i] < FLAT;
            boolean otherFlat = other.deviation[j] < FLAT;
            if (flat || otherFlat) {
                return flat && otherFlat ? 0 : m;
            }
            double r = (product / m - mean[i] * other.mean[j]) / (deviation[i] * other.deviation[j]);
            return 2 * m * Math.max(0, 1 - r);
        }
    }

    private static Column[] columns(float[][] rows, int m) {
        Column[] columns = new Column[rows[0].length];
        int n = rows.length - m + 1;
        for (int c = 0; c < columns.length; c++) {
            float[] x = new float[rows.length];
            for (int t = 0; t < x.length; t++) {
                x[t] = rows[t][c];
            }
            double[] mean = new double[n];
            double[] deviation = new double[n];
            for (int i = 0; i < n; i++) {
                for (int t = i; t < i + m; t++) {
                    mean[i] += (double) x[t] / m;
                }
                double squares = 0;
                for (int t = i; t < i + m; t++) {
                    squares += (x[t] - mean[i]) * (x[t] - mean[i]);
                }
                deviation[i] = Math.sqrt(squares / m);
            }
            columns[c] = new Column(x, mean, deviation);
        }
        return columns;
    }
}
