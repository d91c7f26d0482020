package dev.fathom.anomaly;

import dev.fathom.features.FeatureRows;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trees that split at random until an example is alone: an outlier is alone after few splits (Liu, Ting and Zhou 2008).
 * The score of x is 2^(-E[h(x)] / c(n)), where h(x) is the number of splits on its path, in the mean over the trees,
 * and c(n) that of an unsuccessful search in a binary tree of n examples ({@link #averagePath}). It is near 1 for an
 * outlier, and near 0.5 for all examples where there is none.
 *
 * <pre>{@code
 * double[] scores = IsolationForest.fit(training, 1).scores(test);
 * }</pre>
 *
 * <p>Each tree is grown from some examples drawn without replacement. A split takes a feature at random of those that
 * vary among the examples of a node, and a value at random between the smallest and the largest of it. Trees are as
 * deep as the average tree of so many examples, log2(n) rounded up; a leaf with m examples counts c(m) more splits.
 */
public final class IsolationForest {
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

    private final List<Node> trees;
    private final int columns;
    private final int sample;

    private IsolationForest(List<Node> trees, int columns, int sample) {
        this.trees = trees;
        this.columns = columns;
        this.sample = sample;
    }

    /**
     * Grows the forest of the paper: 100 trees of 256 examples each, or of all if there are fewer.
     *
     * @param x examples [n][columns]
     * @throws IllegalArgumentException if there are fewer than two rows, they differ in length, or a number is NaN or
     *     infinite
     */
    public static IsolationForest fit(float[][] x, long seed) {
        return fit(x, TREES, SAMPLE, seed);
    }

    /**
     * Grows a forest. What is random depends on the seed alone.
     *
     * @param x examples [n][columns]
     * @param count how many trees
     * @param sample how many examples each is grown from; all if there are fewer
     * @throws IllegalArgumentException if there is no tree, a sample has fewer than two examples, there are fewer than
     *     two rows, they differ in length, or a number is NaN or infinite
     */
    public static IsolationForest fit(float[][] x, int count, int sample, long seed) {
        int columns = FeatureRows.check("isolation forest", x);
        if (count < 1 || sample < 2 || x.length < 2) {
            throw new IllegalArgumentException("isolation forest: " + count + " trees of " + sample + " of " + x.length
                    + " examples; give at least one tree, and two examples for each");
        }
        int n = Math.min(sample, x.length);
        int deepest = (int) Math.ceil(Math.log(n) / Math.log(2));
        Rng rng = new Rng(seed);
        List<Node> trees = IntStream.range(0, count)
                .mapToObj(t -> {
                    Rng own = rng.split(t);
                    float[][] drawn = Arrays.stream(own.permutation(x.length), 0, n)
                            .mapToObj(i -> x[i])
                            .toArray(float[][]::new);
                    return grow(drawn, deepest, own);
                })
                .toList();
        return new IsolationForest(trees, columns, n);
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

    /**
     * Returns c(n) = 2 (ln(n - 1) + 0.5772156649) - 2 (n - 1) / n, the average number of splits of an unsuccessful
     * search in a binary tree of n examples (Preiss 1999); it is 1 for 2 examples and 0 for fewer.
     */
    public static double averagePath(int n) {
        return n <= 1 ? 0 : n == 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - 2 * (n - 1.0) / n;
    }

    /**
     * Returns the score of each row, above 0 and below 1; larger is more likely an outlier.
     *
     * @throws IllegalArgumentException if a row has another number of columns than the examples
     */
    public double[] scores(float[][] x) {
        FeatureRows.fits("isolation forest", x, columns);
        return Arrays.stream(x)
                .mapToDouble(row -> {
                    double mean = trees.stream()
                            .mapToDouble(tree -> path(tree, row))
                            .average()
                            .orElseThrow();
                    return Math.pow(2, -mean / averagePath(sample));
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
        return splits + averagePath(node.size);
    }
}
