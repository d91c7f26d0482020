package dev.fathom.features;

import dev.fathom.features.Neighborhood.Graph;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Uniform manifold approximation and projection (McInnes, Healy and Melville 2018). Row i is tied to its neighbor j by
 * exp(-(d_ij - r_i) / s_i), where r_i is the distance of its nearest neighbor and s_i makes the sum of its ties
 * log2(k); the ties v and w of both directions become v + w - v w. Places are found by pulling tied rows together and
 * pushing each away from five that are drawn, under the similarity 1 / (1 + a d^(2b)), where a and b follow from the
 * least distance.
 *
 * <p>The search begins at the first principal components. In each epoch all rows move at once from where the others
 * were at its beginning, so that the result is the same with any number of threads; the authors' program moves one
 * after the other. Equal rows begin a thousandth apart, by noise as in the authors' program, and lie beside each other
 * in the end.
 *
 * @param width how many numbers a place has
 * @param neighbors how many neighbors a row is tied to, itself among them as the authors count
 * @param leastDistance how near to each other places may lie, where clusters are about 1 apart
 * @param epochs how often all ties are pulled
 */
public record Umap(int width, int neighbors, double leastDistance, int epochs) implements Placement {
    private static final int DRAWN = 5;
    private static final int CHUNK = 256;
    private static final double LONGEST = 4;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException unless width &gt;= 1, neighbors &gt;= 2, 0 &lt;= leastDistance &lt;= 1 and
     *     epochs &gt;= 1
     */
    public Umap {
        if (width < 1 || neighbors < 2 || !(leastDistance >= 0 && leastDistance <= 1) || epochs < 1) {
            throw new IllegalArgumentException("UMAP: width=" + width + " neighbors=" + neighbors + " leastDistance="
                    + leastDistance + " epochs=" + epochs
                    + "; choose a width of at least 1, 2 neighbors or more, a least distance of 0 to 1, "
                    + "and an epoch or more");
        }
    }

    /** Makes the method with 15 neighbors, a least distance of 0.1 and 300 epochs. */
    public Umap(int width) {
        this(width, 15, 0.1, 300);
    }

    @Override
    public float[][] place(float[][] x, long seed, IntPredicate goOn) {
        int n = Start.check("UMAP", x, width, neighbors);
        Graph ties = ties(x);
        double strongest = Arrays.stream(ties.values()).max().orElse(1);
        double[] curve = curve();
        double[] y = Start.components(x, width, 5, seed);
        for (int epoch = 0; epoch < epochs; epoch++) {
            double[] before = y;
            double[] after = new double[y.length];
            int now = epoch;
            IntStream.range(0, (n + CHUNK - 1) / CHUNK).parallel().forEach(chunk -> {
                for (int i = chunk * CHUNK; i < Math.min(n, (chunk + 1) * CHUNK); i++) {
                    SplittableRandom drawn = new SplittableRandom((seed * epochs + now) * n + i);
                    move(ties, strongest, curve, before, after, i, now, drawn);
                }
            });
            y = after;
            if (!goOn.test(epoch + 1)) {
                break;
            }
        }
        return Start.rows(y, width);
    }

    /** Moves row i from where it was: along its ties whose turn it is, and away from rows that are drawn. */
    private void move(
            Graph ties,
            double strongest,
            double[] curve,
            double[] before,
            double[] after,
            int i,
            int epoch,
            SplittableRandom drawn) {
        double rate = 1 - (double) epoch / epochs;
        int n = before.length / width;
        double a = curve[0];
        double b = curve[1];
        double[] at = Arrays.copyOfRange(before, i * width, (i + 1) * width);
        for (int e = ties.starts()[i]; e < ties.starts()[i + 1]; e++) {
            double share = ties.values()[e] / strongest;
            if (Math.floor((epoch + 1) * share) == Math.floor(epoch * share)) {
                continue;
            }
            int j = ties.places()[e];
            for (int end = 0; end < 2; end++) { // the tie of i to j moves i, and so does that of j to i
                double square = square(at, before, j);
                if (square > 0) {
                    double power = Math.pow(square, b);
                    step(at, before, j, rate, -2 * a * b * power / square / (1 + a * power));
                }
            }
            for (int draw = 0; draw < DRAWN; draw++) {
                int other = drawn.nextInt(n);
                if (other != i) {
                    double square = square(at, before, other);
                    step(at, before, other, rate, 2 * b / ((0.001 + square) * (1 + a * Math.pow(square, b))));
                }
            }
        }
        System.arraycopy(at, 0, after, i * width, width);
    }

    private double square(double[] at, double[] y, int j) {
        double square = 0;
        for (int d = 0; d < width; d++) {
            double difference = at[d] - y[j * width + d];
            square += difference * difference;
        }
        return square;
    }

    /** Adds rate * times * (at - y_j), no number of which is longer than the longest step. */
    private void step(double[] at, double[] y, int j, double rate, double times) {
        for (int d = 0; d < width; d++) {
            double way = times * (at[d] - y[j * width + d]);
            at[d] += rate * Math.max(-LONGEST, Math.min(LONGEST, way));
        }
    }

    /** The symmetric ties of rows. */
    Graph ties(float[][] x) {
        Neighborhood near = Neighborhood.of(x, neighbors - 1);
        double[][] ties =
                Arrays.stream(near.distances()).parallel().map(this::ties).toArray(double[][]::new);
        return near.graph(ties, (v, w) -> v + w - v * w);
    }

    /** The ties of a row to its neighbors at these distances. */
    double[] ties(double[] distances) {
        double least = Arrays.stream(distances).filter(d -> d > 0).min().orElse(0);
        double[] ties = new double[distances.length];
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double scale = 1;
        for (int round = 0; round < 64; round++) {
            double sum = 0;
            for (int j = 0; j < ties.length; j++) {
                ties[j] = Math.exp(-Math.max(0, distances[j] - least) / scale);
                sum += ties[j];
            }
            double excess = sum - Math.log(neighbors) / Math.log(2);
            if (Math.abs(excess) < 1e-5) {
                break;
            }
            if (excess > 0) {
                high = scale;
                scale = (low + high) / 2;
            } else {
                low = scale;
                scale = Double.isInfinite(high) ? 2 * scale : (low + high) / 2;
            }
        }
        return ties;
    }

    /**
     * The numbers a and b for which 1 / (1 + a d^(2b)) is nearest to 1 up to the least distance and exp(-(d - least))
     * beyond it, by least squares over 300 distances from 0 to 3 (Gauss and Newton's method, with Levenberg's damping).
     */
    double[] curve() {
        double a = 1;
        double b = 1;
        double damping = 1e-3;
        double error = misfit(a, b, new double[5]);
        for (int round = 0; round < 200; round++) {
            double[] sums = new double[5];
            misfit(a, b, sums);
            double aa = sums[0] * (1 + damping);
            double bb = sums[2] * (1 + damping);
            double determinant = aa * bb - sums[1] * sums[1];
            double nextA = a + (bb * sums[3] - sums[1] * sums[4]) / determinant;
            double nextB = b + (aa * sums[4] - sums[1] * sums[3]) / determinant;
            double next = nextA > 0 && nextB > 0 ? misfit(nextA, nextB, new double[5]) : Double.POSITIVE_INFINITY;
            if (next <= error) {
                a = nextA;
                b = nextB;
                damping /= 10;
                if (error - next <= 1e-15) {
                    break;
                }
                error = next;
            } else {
                damping *= 10;
            }
        }
        return new double[] {a, b};
    }

    /**
     * The sum of squared errors; adds the products of the derivatives by a and b, and of each with the errors, to
     * {@code sums}.
     */
    private double misfit(double a, double b, double[] sums) {
        double error = 0;
        for (int i = 1; i < 300; i++) { // at distance 0 both are 1
            double d = 3.0 * i / 299;
            double power = Math.pow(d, 2 * b);
            double value = 1 / (1 + a * power);
            double wrong = (d < leastDistance ? 1 : Math.exp(-(d - leastDistance))) - value;
            double byA = -power * value * value;
            double byB = 2 * a * Math.log(d) * byA;
            error += wrong * wrong;
            sums[0] += byA * byA;
            sums[1] += byA * byB;
            sums[2] += byB * byB;
            sums[3] += byA * wrong;
            sums[4] += byB * wrong;
        }
        return error;
    }
}
