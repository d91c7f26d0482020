package dev.fathom.anomaly;

import dev.fathom.features.Examples;
import dev.fathom.features.FeatureRows;
import dev.fathom.features.NearestNeighbors;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * How much less dense the examples lie around x than around its neighbors (Breunig et al. 2000): the mean of lrd(o) /
 * lrd(x) over the k nearest neighbors o of x. The local reachability density lrd(x) is 1 / the mean over them of max(|x
 * - o|, the distance of o to its own k-th neighbor). It is about 1 within a cluster, and larger for an outlier.
 *
 * <p>There are exactly k neighbors; of equally near examples those that come first are taken, where the paper takes all
 * of them. 1e-10 is added to each mean distance, so that equal examples have a density. Both is as in scikit-learn.
 */
public final class LocalOutlierFactor {
    private static final double LEAST = 1e-10;

    private final NearestNeighbors.Index index;
    private final List<List<NearestNeighbors.Neighbor>> neighbors;
    private final int k;
    /** The distance of each example to its k-th neighbor. */
    private final double[] reach;

    private final double[] density;

    private LocalOutlierFactor(float[][] x, int k) {
        this.k = k;
        index = new NearestNeighbors(k + 1).fit(Examples.of(x, new float[x.length][1]), 0);
        List<List<NearestNeighbors.Neighbor>> withSelf = index.neighbors(x);
        neighbors = IntStream.range(0, x.length)
                .mapToObj(i -> nearest(withSelf.get(i), example -> example != i))
                .toList();
        reach = neighbors.stream()
                .mapToDouble(near -> near.get(k - 1).distance())
                .toArray();
        density = neighbors.stream().mapToDouble(this::density).toArray();
    }

    /**
     * Learns the densities around examples.
     *
     * @param x examples [n][columns]
     * @param k how many neighbors; the paper advises 10 or more, and scikit-learn takes 20
     * @throws IllegalArgumentException unless 1 &lt;= k &lt; n, or if rows differ in length or a number is NaN or
     *     infinite
     */
    public static LocalOutlierFactor fit(float[][] x, int k) {
        FeatureRows.check("local outlier factor", x);
        if (k < 1 || k >= x.length) {
            throw new IllegalArgumentException("local outlier factor: k=" + k + " of " + x.length
                    + " examples; ask for at least one neighbor, and fewer than there are examples");
        }
        return new LocalOutlierFactor(x, k);
    }

    /**
     * Returns the factors of rows that were not learned.
     *
     * @throws IllegalArgumentException if a row has another number of columns than the examples
     */
    public double[] scores(float[][] x) {
        return index.neighbors(x).stream()
                .map(near -> nearest(near, example -> true))
                .mapToDouble(near -> factor(near, density(near)))
                .toArray();
    }

    /** Returns the factors of the examples that were learned, none of which is a neighbor of itself. */
    public double[] own() {
        return IntStream.range(0, density.length)
                .mapToDouble(i -> factor(neighbors.get(i), density[i]))
                .toArray();
    }

    private List<NearestNeighbors.Neighbor> nearest(List<NearestNeighbors.Neighbor> found, IntPredicate counts) {
        return found.stream().filter(o -> counts.test(o.example())).limit(k).toList();
    }

    private double factor(List<NearestNeighbors.Neighbor> near, double own) {
        return near.stream().mapToDouble(o -> density[o.example()]).average().orElseThrow() / own;
    }

    private double density(List<NearestNeighbors.Neighbor> near) {
        return 1
                / (LEAST
                        + near.stream()
                                .mapToDouble(o -> Math.max(o.distance(), reach[o.example()]))
                                .average()
                                .orElseThrow());
    }
}
