package dev.fathom.anomaly;

import dev.fathom.features.FeatureRows;
import java.util.Arrays;

/**
 * The distance of each window of a series to the window that is most like it (Yeh et al. 2016). A window unlike all
 * others is an outlier (a discord), and two that are alike are a motif. Each column of a window is scaled to mean 0 and
 * deviation 1, so that its shape counts alone; the squared Euclidean distance of two such windows of m rows is 2 m (1 -
 * r) for their correlation r, and of several columns the mean is taken.
 *
 * <p>A window whose deviation is at most 1e-6 times that of its whole column counts as constant, and cannot be scaled.
 * Two constant windows are at the distance 0, and a constant one is at the distance sqrt(m) from any other, as if it
 * were scaled to zeros.
 *
 * <p>Pairs are visited along diagonals, on each of which the products of two windows follow from those before (STOMP;
 * Zhu et al. 2016), in time n^2 columns, whatever the length of the windows.
 *
 * @param distances of each window to the nearest; infinite where no window may be compared
 * @param nearest the first row of the nearest window, the first found of equally near ones; -1 where there is none
 */
public record MatrixProfile(double[] distances, int[] nearest) {
    private static final double FLAT = 1e-6;

    /**
     * Compares the windows of a series with each other.
     *
     * @param rows [n][columns]
     * @param m the rows of a window
     * @param apart windows that begin less than so many rows apart are not compared, since they share most of their
     *     rows; half of m is usual
     * @throws IllegalArgumentException if a window has fewer than two rows, no two windows are apart by 1 or more, rows
     *     differ in length, or a number is NaN or infinite
     */
    public static MatrixProfile of(float[][] rows, int m, int apart) {
        FeatureRows.check("matrix profile", rows);
        checkWindow(rows, m);
        if (apart < 1 || apart > rows.length - m) {
            throw new IllegalArgumentException("matrix profile: windows that begin apart=" + apart + " rows apart, and "
                    + (rows.length - m + 1) + " windows; choose 1 to " + (rows.length - m));
        }
        return join(rows, rows, m, apart);
    }

    /**
     * Compares each window of a series with all windows of another.
     *
     * @param rows [n][columns]
     * @param among [k][columns]
     * @param m the rows of a window
     * @return a distance for each of the n - m + 1 windows of {@code rows}
     * @throws IllegalArgumentException if a window has fewer than two rows or more than a series, the series or rows
     *     differ in columns, or a number is NaN or infinite
     */
    public static MatrixProfile of(float[][] rows, float[][] among, int m) {
        int columns = FeatureRows.check("matrix profile", among);
        FeatureRows.fits("matrix profile", rows, columns);
        FeatureRows.check("matrix profile", rows);
        checkWindow(rows, m);
        checkWindow(among, m);
        return join(rows, among, m, 0);
    }

    private static void checkWindow(float[][] rows, int m) {
        if (m < 2 || m > rows.length) {
            throw new IllegalArgumentException("matrix profile: windows of " + m + " rows in a series of " + rows.length
                    + "; choose 2 to " + rows.length);
        }
    }

    private static MatrixProfile join(float[][] rows, float[][] among, int m, int apart) {
        Column[] a = columns(rows, rows, m);
        Column[] b = rows == among ? a : columns(among, rows, m);
        int n = rows.length - m + 1;
        int k = among.length - m + 1;
        double[] least = new double[n];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        int[] nearest = new int[n];
        Arrays.fill(nearest, -1);
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
                if (distance < least[i]) {
                    least[i] = distance;
                    nearest[i] = i + shift;
                }
            }
        }
        return new MatrixProfile(
                Arrays.stream(least).map(d -> Math.sqrt(d / a.length)).toArray(), nearest);
    }

    /** A column about a mean, with the mean and the deviation of each of its windows. */
    private record Column(double[] x, double[] mean, double[] deviation, double flat) {
        double product(int i, Column other, int j, int m) {
            double sum = 0;
            for (int t = 0; t < m; t++) {
                sum += x[i + t] * other.x[j + t];
            }
            return sum;
        }

        /** What comes to the product, and what leaves it, when both windows move on by a row. */
        double change(int i, Column other, int j, int m) {
            return x[i + m - 1] * other.x[j + m - 1] - x[i - 1] * other.x[j - 1];
        }

        double squared(double product, int i, Column other, int j, int m) {
            boolean constant = deviation[i] <= flat;
            boolean otherConstant = other.deviation[j] <= other.flat;
            if (constant || otherConstant) {
                return constant && otherConstant ? 0 : m;
            }
            double r = (product / m - mean[i] * other.mean[j]) / (deviation[i] * other.deviation[j]);
            return 2 * m * Math.max(0, 1 - r);
        }
    }

    /** Columns about the means of {@code center}, so that products of large numbers do not lose what differs. */
    private static Column[] columns(float[][] rows, float[][] center, int m) {
        Column[] columns = new Column[rows[0].length];
        int n = rows.length - m + 1;
        for (int c = 0; c < columns.length; c++) {
            int column = c;
            double middle = Arrays.stream(center)
                    .mapToDouble(row -> row[column])
                    .average()
                    .orElseThrow();
            double[] x =
                    Arrays.stream(rows).mapToDouble(row -> row[column] - middle).toArray();
            double[] mean = new double[n];
            double[] deviation = new double[n];
            for (int i = 0; i < n; i++) {
                mean[i] = mean(x, i, i + m);
                deviation[i] = deviation(x, i, i + m, mean[i]);
            }
            double whole = deviation(x, 0, x.length, mean(x, 0, x.length));
            columns[c] = new Column(x, mean, deviation, FLAT * whole);
        }
        return columns;
    }

    private static double mean(double[] x, int from, int to) {
        double sum = 0;
        for (int t = from; t < to; t++) {
            sum += x[t];
        }
        return sum / (to - from);
    }

    private static double deviation(double[] x, int from, int to, double mean) {
        boolean same = true;
        double squares = 0;
        for (int t = from; t < to; t++) {
            same &= x[t] == x[from];
            squares += (x[t] - mean) * (x[t] - mean);
        }
        return same ? 0 : Math.sqrt(squares / (to - from)); // the rounded mean of equal numbers may be another one
    }
}
