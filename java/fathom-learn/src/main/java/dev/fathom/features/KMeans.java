package dev.fathom.features;

import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.Objects;

/**
 * k-means: k centers that make the sum of the squared distances of rows to their nearest center small, found by Lloyd's
 * algorithm (Lloyd 1982): each row goes to its nearest center, the first of equally near ones, each center moves to the
 * mean of its rows, and so on until no row changes its center. A center that loses all rows moves to the row that is
 * farthest from its own.
 *
 * <pre>{@code
 * KMeans words = KMeans.fit(patches, 100, 1);
 * int[] nearest = words.assign(patches);
 * }</pre>
 *
 * @param centers [k][columns]
 * @param inertia the sum of the squared distances of the fitted rows to their nearest center
 * @param rounds how often the centers moved until no row changed, or the most that were allowed
 */
public record KMeans(float[][] centers, double inertia, int rounds) {
    /** Rounds after which the algorithm ends even if rows still change, as in scikit-learn. */
    public static final int MOST_ROUNDS = 300;

    /** Starts of which {@link #fit(float[][], int, long)} keeps the best. */
    public static final int STARTS = 10;

    /**
     * Finds k centers from ten starts by k-means++ (Arthur and Vassilvitskii 2007) and keeps those of least inertia.
     * The first center of a start is a random row, and each of the others is a row drawn in proportion to its squared
     * distance from the nearest center so far.
     *
     * @throws IllegalArgumentException unless there are k different rows of one length, all of whose numbers are finite
     */
    public static KMeans fit(float[][] x, int k, long seed) {
        FeatureRows.check("k-means", x);
        KMeans best = null;
        for (int start = 0; start < STARTS; start++) {
            KMeans found = fit(x, plusPlus(x, k, new Rng(seed).split(start)));
            best = best == null || found.inertia < best.inertia ? found : best;
        }
        return Objects.requireNonNull(best);
    }

    /**
     * Finds centers from a given start [k][columns].
     *
     * @throws IllegalArgumentException unless there are at least k rows, and all rows have the length of the centers
     *     and finite numbers
     */
    public static KMeans fit(float[][] x, float[][] start) {
        int columns = FeatureRows.check("k-means", x);
        FeatureRows.fits("k-means' start", start, columns);
        FeatureRows.check("k-means' start", start);
        int k = start.length;
        if (x.length < k) {
            throw few(x.length + " rows", k);
        }
        float[][] centers = Arrays.stream(start).map(float[]::clone).toArray(float[][]::new);
        int[] of = new int[x.length];
        Arrays.fill(of, -1);
        double[] distances = new double[x.length];
        int rounds = 0;
        while (assign(x, centers, of, distances) && rounds < MOST_ROUNDS) {
            move(x, centers, of, distances);
            rounds++;
        }
        return new KMeans(centers, Arrays.stream(distances).sum(), rounds);
    }

    private static IllegalArgumentException few(String rows, int k) {
        return new IllegalArgumentException(
                "k-means: " + k + " centers of " + rows + "; ask for at least 1 and at most as many as there are");
    }

    private static float[][] plusPlus(float[][] x, int k, Rng rng) {
        if (k < 1 || k > x.length) {
            throw few(x.length + " rows", k);
        }
        double[] nearest = new double[x.length];
        Arrays.fill(nearest, 1);
        float[][] centers = new float[k][];
        for (int c = 0; c < k; c++) {
            if (Arrays.stream(nearest).max().orElse(0) == 0) {
                throw few(c + " different rows", k);
            }
            centers[c] = x[FeatureRows.draw(nearest, 1, rng)[0]];
            for (int i = 0; i < x.length; i++) {
                double d = Vectors.squaredDistance(x[i], centers[c]);
                nearest[i] = c == 0 ? d : Math.min(nearest[i], d);
            }
        }
        return centers;
    }

    /** Finds the nearest center of each row, and whether one changed. */
    private static boolean assign(float[][] x, float[][] centers, int[] of, double[] distances) {
        boolean changed = false;
        for (int i = 0; i < x.length; i++) {
            int best = 0;
            double least = Double.POSITIVE_INFINITY;
            for (int c = 0; c < centers.length; c++) {
                double d = Vectors.squaredDistance(x[i], centers[c]);
                if (d < least) {
                    least = d;
                    best = c;
                }
            }
            changed |= of[i] != best;
            of[i] = best;
            distances[i] = least;
        }
        return changed;
    }

    private static void move(float[][] x, float[][] centers, int[] of, double[] distances) {
        int columns = centers[0].length;
        double[][] sums = new double[centers.length][columns];
        int[] counts = new int[centers.length];
        for (int i = 0; i < x.length; i++) {
            counts[of[i]]++;
        }
        for (int c = 0; c < centers.length; c++) {
            if (counts[c] == 0) {
                int far = -1;
                for (int i = 0; i < x.length; i++) {
                    if (counts[of[i]] > 1 && (far < 0 || distances[i] > distances[far])) {
                        far = i;
                    }
                }
                counts[of[far]]--;
                of[far] = c;
                counts[c] = 1;
                distances[far] = 0;
            }
        }
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < columns; j++) {
                sums[of[i]][j] += x[i][j];
            }
        }
        for (int c = 0; c < centers.length; c++) {
            for (int j = 0; j < columns; j++) {
                centers[c][j] = (float) (sums[c][j] / counts[c]);
            }
        }
    }

    /** Returns the number of the nearest center of each row, the first of equally near ones. */
    public int[] assign(float[][] x) {
        FeatureRows.fits("assign", x, centers[0].length);
        int[] of = new int[x.length];
        assign(x, centers, of, new double[x.length]);
        return of;
    }

    /** Returns the Euclidean distance of each row to each center, [n][k]: features for a head. */
    public float[][] distances(float[][] x) {
        FeatureRows.fits("distances", x, centers[0].length);
        float[][] distances = new float[x.length][centers.length];
        for (int i = 0; i < x.length; i++) {
            for (int c = 0; c < centers.length; c++) {
                distances[i][c] = (float) Math.sqrt(Vectors.squaredDistance(x[i], centers[c]));
            }
        }
        return distances;
    }
}
