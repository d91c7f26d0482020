package dev.fathom.validation;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Role;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How much a model's score drops when a feature is shuffled among the examples, so that it has the same values but
 * tells nothing (Breiman 2001; Fisher et al. 2019). The model is not trained again. A feature whose information another
 * feature has too looks unimportant; shuffle such features as one group.
 *
 * <pre>{@code
 * var importance = PermutationImportance.of(test, 10, 1, d -> Classification.of(model, d).confusion().accuracy());
 * // that of the most important feature
 * System.out.println(importance.drops().get(importance.order()[0]));
 * }</pre>
 *
 * @param score the score with all features as they are
 * @param drops for each group of features, {@code score} minus the score when the group was shuffled; negative if the
 *     model is better without it. For an error, of which less is better, the drops of important features are negative
 */
public record PermutationImportance(double score, List<Scores> drops) {
    /** Keeps its own copy of the list. */
    public PermutationImportance {
        drops = List.copyOf(drops);
    }

    /**
     * Shuffles each feature by itself, {@code repeats} times.
     *
     * @param data features {@code x}, whose columns are counted in row-major order, and labels or targets {@code y}
     * @param score of a model on a dataset like {@code data}
     * @throws IllegalArgumentException if the dataset has other fields, there are fewer than 2 examples, {@code repeats
     *     < 1}, or a score is NaN
     */
    public static PermutationImportance of(Dataset data, int repeats, long seed, ToDoubleFunction<Dataset> score) {
        int[][] each = IntStream.range(0, (int) data.featureShape().size())
                .mapToObj(c -> new int[] {c})
                .toArray(int[][]::new);
        return of(data, each, repeats, seed, score);
    }

    /**
     * Shuffles each of these groups of features, {@code repeats} times. The columns of a group, such as those of a
     * one-hot code, stay together.
     *
     * @param data features {@code x}, whose columns are counted in row-major order, and labels or targets {@code y}
     * @param groups the columns of each group
     * @param score of a model on a dataset like {@code data}
     * @throws IllegalArgumentException if the dataset has other fields, there are fewer than 2 examples, there are no
     *     groups, a column does not exist, {@code repeats < 1}, or a score is NaN
     */
    public static PermutationImportance of(
            Dataset data, int[][] groups, int repeats, long seed, ToDoubleFunction<Dataset> score) {
        Rows rows = Rows.of(data);
        if (repeats < 1 || rows.n < 2 || groups.length == 0) {
            throw new IllegalArgumentException("permutationImportance: repeats=" + repeats + " with " + rows.n
                    + " examples and " + groups.length
                    + " groups of features; shuffle at least once, and give at least 2 examples and 1 group");
        }
        for (int[] group : groups) {
            for (int column : group) {
                if (column < 0 || column >= rows.columns) {
                    throw new IllegalArgumentException("permutationImportance: column " + column + " is outside [0, "
                            + rows.columns + "); an example has " + rows.columns + " features");
                }
            }
        }
        double whole = checked(score.applyAsDouble(data), "all features");
        Rng rng = new Rng(seed).split("importance");
        List<Scores> drops = new ArrayList<>();
        for (int g = 0; g < groups.length; g++) {
            double[] drop = new double[repeats];
            for (int r = 0; r < repeats; r++) {
                int[] order = rng.split(g).split(r).permutation(rows.n);
                try (Dataset shuffled = rows.shuffled(groups[g], order)) {
                    drop[r] = whole - checked(score.applyAsDouble(shuffled), "group " + g + " shuffled");
                }
            }
            drops.add(new Scores(drop));
        }
        return new PermutationImportance(whole, drops);
    }

    private static double checked(double score, String how) {
        if (Double.isNaN(score)) {
            throw new IllegalArgumentException(
                    "permutationImportance: the score with " + how + " is NaN; give a score that is a number");
        }
        return score;
    }

    /** Returns the numbers of the groups, the one with the largest mean drop first. */
    public int[] order() {
        return IntStream.range(0, drops.size())
                .boxed()
                .sorted(Comparator.comparingDouble(g -> -drops.get(g).mean()))
                .mapToInt(g -> g)
                .toArray();
    }

    /** The examples as batches show them. */
    private static final class Rows {
        final int n;
        final int columns;
        private final Shape shape;
        private final float[] x;
        /** How many classes the labels are of; 0 where the dataset does not say. */
        private final int classes;

        private int[] labels = {};
        private float[] targets = {};
        private Shape target = Shape.SCALAR;
        private int at;

        private Rows(int n, Shape shape, int classes) {
            this.n = n;
            this.shape = shape;
            this.classes = classes;
            columns = (int) shape.size();
            x = new float[Math.multiplyExact(n, columns)];
        }

        static Rows of(Dataset data) {
            if (data.fields().size() != 2
                    || data.fields().stream().anyMatch(f -> data.role(f) == Role.OTHER || data.ragged(f))) {
                throw new IllegalArgumentException("permutationImportance: " + data + " has the fields " + data.fields()
                        + ", but only an input and a target of one shape each can be shuffled; make a dataset of these"
                        + " two");
            }
            Rows rows = new Rows(data.size(), data.featureShape(), data.classes());
            data.forEach(rows::put);
            return rows;
        }

        private void put(Batch batch) {
            System.arraycopy(batch.x().toArray(), 0, x, at * columns, batch.size() * columns);
            if (batch.y().dtype() == DType.I32) {
                labels = at == 0 ? new int[n] : labels;
                System.arraycopy(batch.y().toIntArray(), 0, labels, at, batch.size());
            } else {
                int[] dims = batch.y().shape().toArray();
                target = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
                int width = (int) target.size();
                targets = at == 0 ? new float[Math.multiplyExact(n, width)] : targets;
                System.arraycopy(batch.y().toArray(), 0, targets, at * width, batch.size() * width);
            }
            at += batch.size();
        }

        Dataset shuffled(int[] group, int[] order) {
            float[] mixed = x.clone();
            for (int i = 0; i < n; i++) {
                for (int column : group) {
                    mixed[i * columns + column] = x[order[i] * columns + column];
                }
            }
            if (labels.length == 0) {
                return Dataset.of(mixed, shape, targets, target);
            }
            try (Dataset seen = Dataset.of(mixed, shape, labels)) {
                return classes == 0 ? seen.take(0, n) : seen.withClasses(classes);
            }
        }
    }
}
