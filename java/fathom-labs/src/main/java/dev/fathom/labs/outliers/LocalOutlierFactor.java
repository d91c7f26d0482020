package dev.fathom.labs.outliers;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How much less dense the examples lie around x than around its neighbors (Breunig et al. 2000): the mean of lrd(o) /
 * lrd(x) over the k nearest neighbors o of x. The local reachability density lrd(x) is 1 / the mean over them of max(|x
 * - o|, the distance of o to its own k-th neighbor).
 *
 * @param x the examples
 * @param k how many neighbors
 * @param reach the distance of each example to its k-th neighbor
 * @param density lrd of each example
 */
record LocalOutlierFactor(float[][] x, int k, double[] reach, double[] density) {
    private static final double LEAST = 1e-10; // added to distances, so that equal examples have a density

    /** Learns the densities of examples, among k neighbors or all where there are fewer. */
    static LocalOutlierFactor of(float[][] x, int k) {
        int few = Math.min(k, x.length - 1);
        double[] reach = new double[x.length];
        int[][] neighbors = new int[x.length][];
        double[][] distances = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            distances[i] = distances(x, x[i]);
            neighbors[i] = nearest(distances[i], few, i);
            reach[i] = distances[i][neighbors[i][few - 1]];
        }
        double[] density = IntStream.range(0, x.length)
                .mapToDouble(i -> density(distances[i], neighbors[i], reach))
                .toArray();
        return new LocalOutlierFactor(x, few, reach, density);
    }

    /** The factors of other examples; 1 within a cluster, larger for an outlier. */
    double[] scores(float[][] others) {
        return Arrays.stream(others).mapToDouble(row -> factor(row, -1)).toArray();
    }

    /** The factors of the examples that were learned, none of which is a neighbor of itself. */
    double[] own() {
        return IntStream.range(0, x.length).mapToDouble(i -> factor(x[i], i)).toArray();
    }

    private double factor(float[] row, int self) {
        double[] distances = distances(x, row);
        int[] neighbors = nearest(distances, k, self);
        double around =
                Arrays.stream(neighbors).mapToDouble(o -> density[o]).average().orElseThrow();
        return around / density(distances, neighbors, reach);
    }

    private static double density(double[] distances, int[] neighbors, double[] reach) {
        return 1
                / (LEAST
                        + Arrays.stream(neighbors)
                                .mapToDouble(o -> Math.max(distances[o], reach[o]))
                                .average()
                                .orElseThrow());
    }

    private static double[] distances(float[][] x, float[] row) {
        return Arrays.stream(x)
                .mapToDouble(o -> Math.sqrt(Distances.squared(o, row)))
                .toArray();
    }

    private static int[] nearest(double[] distances, int k, int self) {
        return IntStream.range(0, distances.length)
                .filter(i -> i != self)
                .boxed()
                .sorted((a, b) -> Double.compare(distances[a], distances[b]))
                .limit(k)
                .mapToInt(i -> i)
                .toArray();
    }
}
