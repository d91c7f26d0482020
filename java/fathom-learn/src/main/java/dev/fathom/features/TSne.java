package dev.fathom.features;

import dev.fathom.features.Neighborhood.Graph;
import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * t-distributed stochastic neighbor embedding (van der Maaten and Hinton 2008), with the repulsion by Barnes and Hut's
 * tree (van der Maaten 2014). It makes sum P log(P / Q) small: P_ij is the mean of the probabilities by which rows i
 * and j choose each other as neighbors, under a Gaussian around each row whose width gives it as many neighbors as the
 * perplexity, and Q_ij is proportional to 1 / (1 + |z_i - z_j|^2).
 *
 * <p>The search begins at the first principal components. For its first quarter the attraction is 12 times as strong,
 * as in scikit-learn, whose rate of learning, momentum and gains it has too.
 *
 * @param width how many numbers a place has
 * @param perplexity about how many neighbors a row has
 * @param iterations how many steps are done
 * @param angle a cell of the tree counts as one point if its size is below this part of its distance; 0 computes all
 *     pairs
 */
public record TSne(int width, double perplexity, int iterations, double angle) implements Placement {
    private static final double EXAGGERATION = 12;
    private static final int CHUNK = 256;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException unless 1 &lt;= width &lt;= 3, perplexity &gt;= 1, iterations &gt;= 1 and 0 &lt;=
     *     angle &lt;= 0.5
     */
    public TSne {
        if (width < 1 || width > 3 || !(perplexity >= 1) || iterations < 1 || !(angle >= 0 && angle <= 0.5)) {
            throw new IllegalArgumentException("t-SNE: width=" + width + " perplexity=" + perplexity + " iterations="
                    + iterations + " angle=" + angle
                    + "; choose a width of 1 to 3, a perplexity and iterations of at least 1, and an "
                    + "angle of 0 to 0.5");
        }
    }

    /** Makes the method with a perplexity of 30, 1,000 iterations and an angle of 0.5. */
    public TSne(int width) {
        this(width, 30, 1000, 0.5);
    }

    @Override
    public float[][] place(float[][] x, long seed, IntPredicate goOn) {
        int n = Start.check("t-SNE", x, width, perplexity + 1);
        Graph p = affinities(x);
        double[] y = Start.components(x, width, 1e-4, seed);
        double[] step = new double[y.length];
        double[] gains = new double[y.length];
        Arrays.fill(gains, 1);
        double rate = Math.max(n / EXAGGERATION / 4, 50);
        for (int i = 0; i < iterations; i++) {
            boolean early = i < iterations / 4;
            double[] gradient = gradient(p, y, early ? EXAGGERATION : 1);
            for (int c = 0; c < y.length; c++) {
                gains[c] = step[c] * gradient[c] < 0 ? gains[c] + 0.2 : Math.max(0.01, gains[c] * 0.8);
                step[c] = (early ? 0.5 : 0.8) * step[c] - rate * gains[c] * gradient[c];
                y[c] += step[c];
            }
            if (!goOn.test(i + 1)) {
                break;
            }
        }
        return Start.rows(y, width);
    }

    /** The matrix P of the neighbors among which a row chooses, of which there are three times the perplexity. */
    Graph affinities(float[][] x) {
        int n = x.length;
        Neighborhood near = Neighborhood.of(x, Math.min(n - 1, (int) (3 * perplexity + 1)));
        double[][] shares =
                Arrays.stream(near.distances()).parallel().map(this::shares).toArray(double[][]::new);
        return near.graph(shares, (a, b) -> (a + b) / (2 * n));
    }

    /** Shares in proportion to exp(-b d^2), for the b that gives the entropy log(perplexity). */
    private double[] shares(double[] distances) {
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double b = 1;
        double[] shares = new double[distances.length];
        double nearest = distances[0] * distances[0];
        for (int round = 0; round < 100; round++) {
            double sum = 0;
            double mean = 0; // of b d^2, beyond that of the nearest
            for (int j = 0; j < shares.length; j++) {
                double square = distances[j] * distances[j] - nearest;
                shares[j] = Math.exp(-b * square);
                sum += shares[j];
                mean += b * square * shares[j];
            }
            for (int j = 0; j < shares.length; j++) {
                shares[j] /= sum;
            }
            double excess = Math.log(sum) + mean / sum - Math.log(perplexity);
            if (Math.abs(excess) < 1e-6) {
                break;
            }
            if (excess > 0) {
                low = b;
                b = Double.isInfinite(high) ? 2 * b : (low + high) / 2;
            } else {
                high = b;
                b = (low + high) / 2;
            }
        }
        return shares;
    }

    /**
     * The gradient 4 sum_j (e P_ij - Q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2) of the divergence, in which P is
     * exaggerated e times.
     */
    double[] gradient(Graph p, double[] y, double exaggeration) {
        double[] repulsion = new double[y.length];
        double sum = repulsion(y, repulsion);
        double[] gradient = new double[y.length];
        inChunks(y.length / width, i -> {
            double[] pulled = new double[width];
            for (int e = p.starts()[i]; e < p.starts()[i + 1]; e++) {
                double q = p.values()[e] * similarity(y, i, p.places()[e]);
                for (int d = 0; d < width; d++) {
                    pulled[d] += q * (y[i * width + d] - y[p.places()[e] * width + d]);
                }
            }
            for (int d = 0; d < width; d++) {
                int c = i * width + d;
                gradient[c] = 4 * (exaggeration * pulled[d] - repulsion[c] / sum);
            }
        });
        return gradient;
    }

    /** The divergence sum P log(P / Q). */
    double divergence(Graph p, double[] y) {
        double sum = repulsion(y, new double[y.length]);
        double divergence = 0;
        for (int i = 0; i + 1 < p.starts().length; i++) {
            for (int e = p.starts()[i]; e < p.starts()[i + 1]; e++) {
                double value = p.values()[e];
                divergence += value == 0 ? 0 : value * Math.log(value * sum / similarity(y, i, p.places()[e]));
            }
        }
        return divergence;
    }

    /** Adds the repulsion of each point to {@code to}, and returns the sum of all similarities. */
    private double repulsion(double[] y, double[] to) {
        SpaceTree tree = new SpaceTree(y, width);
        double[] sums = new double[y.length / width];
        inChunks(sums.length, place -> {
            int i = tree.point(place);
            sums[i] = tree.repulsion(place, angle, to, i * width);
        });
        return Arrays.stream(sums).sum();
    }

    private double similarity(double[] y, int i, int j) {
        double square = 0;
        for (int d = 0; d < width; d++) {
            double difference = y[i * width + d] - y[j * width + d];
            square += difference * difference;
        }
        return 1 / (1 + square);
    }

    /** Does {@code what} with the numbers 0 to n - 1 on all processors. */
    private static void inChunks(int n, IntConsumer what) {
        IntStream.range(0, (n + CHUNK - 1) / CHUNK)
                .parallel()
                .forEach(chunk -> IntStream.range(chunk * CHUNK, Math.min(n, (chunk + 1) * CHUNK))
                        .forEach(what));
    }
}
