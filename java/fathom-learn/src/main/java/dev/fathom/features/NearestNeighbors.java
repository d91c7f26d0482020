package dev.fathom.features;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The k nearest neighbors of a row by Euclidean distance (Fix and Hodges 1951; Cover and Hart 1967). The prediction is
 * the mean of their targets: the share of each class among them, or the mean of their numbers. The weight of an example
 * multiplies its vote.
 *
 * <p>Of examples that are equally near, those that come first are taken; of classes with equally many votes,
 * {@link Predictor#classify} takes the one of the smaller number, as scikit-learn does. Distances that decide are
 * computed in double precision, so ties are exact.
 *
 * @param k how many neighbors
 * @param byDistance whether a neighbor at distance d counts 1 / d, rather than all alike; examples at distance 0 then
 *     decide alone
 */
public record NearestNeighbors(int k, boolean byDistance) implements Learner {
    private static final int QUERIES = 256;
    private static final int CHUNK = 4096;

    /**
     * Checks k.
     *
     * @throws IllegalArgumentException if k &lt; 1
     */
    public NearestNeighbors {
        if (k < 1) {
            throw new IllegalArgumentException("nearest neighbors: k=" + k + " must be at least 1");
        }
    }

    /** Makes the method in which all neighbors count alike. */
    public NearestNeighbors(int k) {
        this(k, false);
    }

    /** Returns this method with neighbors at distance d that count 1 / d. */
    public NearestNeighbors weightedByDistance() {
        return new NearestNeighbors(k, true);
    }

    /**
     * Keeps the examples.
     *
     * @throws IllegalArgumentException if there are fewer than k
     */
    @Override
    public Index fit(Examples data, long seed) {
        if (data.size() < k) {
            throw new IllegalArgumentException("nearest neighbors: k=" + k + " of " + data.size()
                    + " examples; ask for at most as many as there are");
        }
        return new Index(this, data);
    }

    /**
     * An example and its distance.
     *
     * @param example the number of the example
     * @param distance the Euclidean distance
     */
    public record Neighbor(int example, double distance) {}

    /**
     * The examples among which neighbors are looked for.
     *
     * @param method how many are looked for, and how they vote
     * @param data the examples
     */
    public record Index(NearestNeighbors method, Examples data) implements Predictor {
        /** Shares of the votes are probabilities. */
        @Override
        public Prediction kind() {
            return data.areClasses() ? Prediction.PROBABILITIES : Prediction.NUMBERS;
        }

        @Override
        public float[][] predict(float[][] x) {
            List<List<Neighbor>> found = neighbors(x);
            float[][] predictions = new float[x.length][];
            for (int i = 0; i < x.length; i++) {
                predictions[i] = mean(found.get(i), true);
            }
            return predictions;
        }

        private float[] mean(List<Neighbor> neighbors, boolean weighted) {
            double[] sums = new double[data.outputs()];
            double votes = 0;
            boolean same = neighbors.get(0).distance == 0;
            for (Neighbor near : neighbors) {
                double vote = weighted ? data.weights()[near.example] : 1;
                if (method.byDistance) {
                    vote = same ? near.distance == 0 ? vote : 0 : vote / near.distance;
                }
                votes += vote;
                for (int c = 0; c < sums.length; c++) {
                    sums[c] += vote * data.y()[near.example][c];
                }
            }
            if (votes == 0) { // all have the weight 0
                return mean(neighbors, false);
            }
            float[] mean = new float[sums.length];
            for (int c = 0; c < mean.length; c++) {
                mean[c] = (float) (sums[c] / votes);
            }
            return mean;
        }

        /** Returns the k nearest examples of each row, the nearest first, and of equally near ones the first. */
        public List<List<Neighbor>> neighbors(float[][] x) {
            FeatureRows.fits("nearest neighbors", x, data.columns());
            List<List<Neighbor>> found = new ArrayList<>();
            double[] squares = squares(data.x());
            for (int from = 0; from < x.length; from += QUERIES) {
                float[][] some = Arrays.copyOfRange(x, from, Math.min(x.length, from + QUERIES));
                for (Candidates c : candidates(some, squares)) {
                    found.add(c.nearest(data.x()));
                }
            }
            return found;
        }

        /**
         * Examples that may be among the nearest, by |a|^2 + |b|^2 - 2 a'b with products in single precision: fast, and
         * at most {@code slack} wrong, so that few are left to be compared exactly.
         */
        private Candidates[] candidates(float[][] queries, double[] squares) {
            double[] of = squares(queries);
            Candidates[] all = new Candidates[queries.length];
            for (int q = 0; q < all.length; q++) {
                all[q] = new Candidates(queries[q], method.k);
            }
            double rounding = 0x1p-23 * (data.columns() + 8);
            double vanished = 4 * Float.MIN_NORMAL * data.columns(); // products too small for a float
            for (int from = 0; from < data.size(); from += CHUNK) {
                int n = Math.min(CHUNK, data.size() - from);
                float[] products = products(queries, Arrays.copyOfRange(data.x(), from, from + n));
                for (int q = 0; q < all.length; q++) {
                    for (int i = 0; i < n; i++) {
                        double both = of[q] + squares[from + i];
                        all[q].add(from + i, both - 2.0 * products[q * n + i], rounding * both + vanished);
                    }
                }
            }
            return all;
        }

        private static float[] products(float[][] a, float[][] b) {
            try (Pass pass = Pass.infer()) {
                return tensor(a).matmulTransposed(tensor(b)).toArray();
            }
        }

        private static Tensor tensor(float[][] rows) {
            int columns = rows[0].length;
            float[] all = new float[rows.length * columns];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(rows[i], 0, all, i * columns, columns);
            }
            return Tensor.of(all, rows.length, columns);
        }

        private static double[] squares(float[][] x) {
            double[] squares = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                for (float v : x[i]) {
                    squares[i] += (double) v * v;
                }
            }
            return squares;
        }
    }

    /** The examples that may be among the k nearest of a row. */
    private static final class Candidates {
        private final float[] query;
        private final int k;
        /** The k smallest upper bounds of squared distances, in ascending order. */
        private final double[] upper;

        private int[] examples = new int[64];
        private double[] lower = new double[64];
        private int count;

        Candidates(float[] query, int k) {
            this.query = query;
            this.k = k;
            upper = new double[k];
            Arrays.fill(upper, Double.POSITIVE_INFINITY);
        }

        void add(int example, double square, double slack) {
            boolean known = Double.isFinite(square); // a product may be too large for a float
            double least = known ? square - slack : 0;
            double most = known ? square + slack : Double.POSITIVE_INFINITY;
            if (least > upper[k - 1]) {
                return;
            }
            if (count == examples.length) {
                prune();
            }
            examples[count] = example;
            lower[count++] = least;
            if (most < upper[k - 1]) {
                int at = k - 1;
                for (; at > 0 && upper[at - 1] > most; at--) {
                    upper[at] = upper[at - 1];
                }
                upper[at] = most;
            }
        }

        /** Drops those that are no longer near enough, and makes room if most are. */
        private void prune() {
            int kept = 0;
            for (int i = 0; i < count; i++) {
                if (lower[i] <= upper[k - 1]) {
                    examples[kept] = examples[i];
                    lower[kept++] = lower[i];
                }
            }
            count = kept;
            if (kept > examples.length / 2) {
                examples = Arrays.copyOf(examples, 2 * examples.length);
                lower = Arrays.copyOf(lower, examples.length);
            }
        }

        List<Neighbor> nearest(float[][] x) {
            prune();
            List<Neighbor> near = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                near.add(new Neighbor(examples[i], Math.sqrt(Vectors.squaredDistance(query, x[examples[i]]))));
            }
            near.sort(Comparator.comparingDouble(Neighbor::distance).thenComparingInt(Neighbor::example));
            return List.copyOf(near.subList(0, k));
        }
    }
}
