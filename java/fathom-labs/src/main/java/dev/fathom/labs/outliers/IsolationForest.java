package dev.fathom.labs.outliers;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trees that split at random until an example is alone: an outlier is alone after few splits (Liu, Ting and Zhou 2008).
 * The score of x is 2^(-E[h(x)] / c(n)), where h(x) is the number of splits on its path, in the mean over the trees,
 * and c(n) that of an unsuccessful search in a binary tree of n examples.
 *
 * @param trees the roots
 * @param sample n, the number of examples that a tree is grown from
 */
record IsolationForest(Node[] trees, int sample) {
    /** The settings of the paper. */
    private static final int TREES = 100;

    private static final int SAMPLE = 256;
    private static final int TRIES = 4;
    private static final double EULER = 0.5772156649015329;

    /** A split at a value of a feature, or a leaf that holds so many examples. */
    private record Node(
            int feature,
            float value,
            int size,
            @Nullable Node below,
            @Nullable Node above) {}

    /** Grows the forest of the paper: 100 trees of 256 examples. */
    static IsolationForest of(float[][] x, Rng rng) {
        return of(x, TREES, SAMPLE, rng);
    }

    static IsolationForest of(float[][] x, int trees, int sample, Rng rng) {
        int n = Math.min(sample, x.length);
        int deepest = (int) Math.ceil(Math.log(Math.max(2, n)) / Math.log(2));
        return new IsolationForest(
                IntStream.range(0, trees)
                        .mapToObj(t -> {
                            Rng own = rng.split(t);
                            float[][] drawn = Arrays.stream(own.permutation(x.length), 0, n)
                                    .mapToObj(i -> x[i])
                                    .toArray(float[][]::new);
                            return grow(drawn, deepest, own);
                        })
                        .toArray(Node[]::new),
                n);
    }

    private static Node grow(float[][] x, int depth, Rng rng) {
        int feature = depth == 0 || x.length < 2 ? -1 : varying(x, rng);
        if (feature < 0) {
            return new Node(0, 0, x.length, null, null);
        }
        float low = x[0][feature];
        float high = low;
        for (float[] row : x) {
            low = Math.min(low, row[feature]);
            high = Math.max(high, row[feature]);
        }
        float value = low + (high - low) * rng.uniform(1, 0, 1)[0];
        float split = value < high ? value : low; // so that neither side is empty
        return new Node(
                feature,
                split,
                x.length,
                grow(side(x, feature, split, true), depth - 1, rng),
                grow(side(x, feature, split, false), depth - 1, rng));
    }

    /** A random one of the features that vary, or -1 if none does. */
    private static int varying(float[][] x, Rng rng) {
        IntPredicate varies = f -> Arrays.stream(x).anyMatch(row -> row[f] != x[0][f]);
        return IntStream.concat(
                        Arrays.stream(rng.ints(TRIES, x[0].length)), // nearly always one of these does
                        Arrays.stream(rng.permutation(x[0].length)))
                .filter(varies)
                .findFirst()
                .orElse(-1);
    }

    private static float[][] side(float[][] x, int feature, float split, boolean below) {
        return Arrays.stream(x).filter(row -> row[feature] <= split == below).toArray(float[][]::new);
    }

    /** c(n) = 2 (ln(n - 1) + Euler's constant) - 2 (n - 1) / n, which is 1 for 2 examples and 0 for one. */
    static double unsuccessful(int n) {
        return n <= 1 ? 0 : n == 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - 2 * (n - 1.0) / n;
    }

    /** The score of each example, 0 to 1; larger is more likely an outlier. */
    double[] scores(float[][] x) {
        return Arrays.stream(x)
                .mapToDouble(row -> {
                    double mean = Arrays.stream(trees)
                            .mapToDouble(tree -> path(tree, row))
                            .average()
                            .orElseThrow();
                    return Math.pow(2, -mean / unsuccessful(sample));
                })
                .toArray();
    }

    /** The number of splits to the leaf of an example, and those that the examples in the leaf would still need. */
    private static double path(Node root, float[] row) {
        Node node = root;
        int splits = 0;
        while (node.below != null && node.above != null) {
            node = row[node.feature] <= node.value ? node.below : node.above;
            splits++;
        }
        return splits + unsuccessful(node.size);
    }
}
