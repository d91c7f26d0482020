package dev.fathom.features;

import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Places rows in a plane or in space so that rows that are near to each other stay so: {@link TSne} and {@link Umap}.
 * Unlike a {@link Projection} it has no map for other rows. The result depends on the seed, and not on the number of
 * threads.
 */
public interface Placement {
    /**
     * Returns a place [n][width] for each row [n][columns].
     *
     * @param goOn is asked after each step with the number of steps so far; false ends the search with the places found
     *     so far
     * @throws IllegalArgumentException if the rows are too few, of different lengths or not finite
     */
    float[][] place(float[][] x, long seed, IntPredicate goOn);

    /** Returns a place for each row like {@link #place(float[][], long, IntPredicate)}, after all steps. */
    default float[][] place(float[][] x, long seed) {
        return place(x, seed, step -> true);
    }

    /**
     * Returns how far the neighbors in the picture are neighbors of the rows (Venna and Kaski 2001): 1 - 2 / (n k (2n -
     * 3k - 1)) times the sum of r(i, j) - k over the rows i and those of their k nearest places j whose rank r(i, j) by
     * distance of the rows is beyond k. It is 1 at best, and about 0.5 for places that have nothing to do with the
     * rows.
     *
     * @param x the rows, [n][columns]
     * @param places [n][width]
     * @param k how many neighbors are looked at
     * @throws IllegalArgumentException unless there is a place for each row and 1 &lt;= k &lt; n / 2
     */
    static double trustworthiness(float[][] x, float[][] places, int k) {
        FeatureRows.check("trustworthiness", x);
        FeatureRows.check("trustworthiness", places);
        int n = x.length;
        if (places.length != n || k < 1 || 2 * k >= n) {
            throw new IllegalArgumentException("trustworthiness: k=" + k + " of " + n + " rows and " + places.length
                    + " places; give one place for each row, and a k of 1 or more below half of them");
        }
        double[] beyond = IntStream.range(0, n)
                .parallel()
                .mapToDouble(i -> {
                    double[] distances = new double[n];
                    for (int j = 0; j < n; j++) {
                        distances[j] = j == i ? -1 : Vectors.squaredDistance(x[i], x[j]); // a row is before all others
                    }
                    double[] sorted = distances.clone();
                    Arrays.sort(sorted);
                    double sum = 0;
                    for (int j : nearest(places, i, k)) {
                        sum += Math.max(0, rank(sorted, distances[j]) - k);
                    }
                    return sum;
                })
                .toArray();
        return 1 - 2 * Arrays.stream(beyond).sum() / ((double) n * k * (2.0 * n - 3.0 * k - 1));
    }

    /** How many are before the first of this value. */
    private static int rank(double[] sorted, double value) {
        int low = 0;
        for (int high = sorted.length; low < high; ) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The numbers of the k rows that are nearest to row i, which is not among them; in no order. */
    private static int[] nearest(float[][] rows, int i, int k) {
        int[] near = new int[k];
        double[] distances = new double[k];
        int count = 0;
        for (int j = 0; j < rows.length; j++) {
            double distance = Vectors.squaredDistance(rows[i], rows[j]);
            if (j == i || (count == k && distance >= distances[k - 1])) {
                continue;
            }
            int at = count < k ? count++ : k - 1;
            for (; at > 0 && distances[at - 1] > distance; at--) {
                distances[at] = distances[at - 1];
                near[at] = near[at - 1];
            }
            distances[at] = distance;
            near[at] = j;
        }
        return near;
    }
}
