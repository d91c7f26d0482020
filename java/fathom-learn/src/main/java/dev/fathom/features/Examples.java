package dev.fathom.features;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.op.DType;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rows of features with what is to be learned of them, on the heap: what a {@link Learner} fits. The targets of a class
 * are a row of zeros with a one, so that classes and numbers are learned by the same methods; {@link #labels} gives the
 * classes. Whether targets are classes or numbers is said by how the examples are made and never found by looking at
 * the values: {@code of(x, labels)} has classes, and {@code of(x, y)} has numbers, even where all of them are 0 and 1.
 *
 * <pre>{@code
 * Examples pixels = Examples.of(dataset);
 * Examples features = Examples.of(net.body(), dataset);     // what a trained network computes of them
 * }</pre>
 *
 * @param x features [n][columns]
 * @param y targets [n][outputs]
 * @param weights [n], how much each example counts; their mean is 1 if all count alike
 * @param areClasses whether each row of targets is zeros with a single one, and so names a class; they are numbers
 *     otherwise
 */
public record Examples(float[][] x, float[][] y, double[] weights, boolean areClasses) {
    /**
     * Checks the sizes and numbers, none of which are copied.
     *
     * @throws IllegalArgumentException if there are no examples, rows of x or of y differ in length, a number is NaN or
     *     infinite, there is not one row of targets and one weight for each, the weights are negative or all 0, or a
     *     row of targets names no class where all should
     */
    public Examples {
        FeatureRows.check("examples", x);
        FeatureRows.check("targets", y);
        if (y.length != x.length || weights.length != x.length) {
            throw new IllegalArgumentException("examples: " + x.length + " rows with " + y.length + " targets and "
                    + weights.length + " weights; give one of each for every row");
        }
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "examples: the weight of row " + i + " is " + weights[i] + "; give 0 or more, and finite");
            }
            sum += weights[i];
        }
        if (sum == 0) {
            throw new IllegalArgumentException("examples: all weights are 0; give some example a weight above 0");
        }
        for (int i = 0; areClasses && i < y.length; i++) {
            float[] row = y[i];
            int at = FeatureRows.largest(row);
            if (row[at] != 1 || IntStream.range(0, row.length).anyMatch(k -> k != at && row[k] != 0)) {
                throw new IllegalArgumentException("examples: the targets of row " + i + " are " + Arrays.toString(row)
                        + ", which name no class; give zeros with a single 1, or targets that are numbers");
            }
        }
    }

    /**
     * Makes examples that all count alike, with numbers [n][outputs] to learn. Rows of zeros with a one are numbers,
     * too; {@link #ofClasses} takes classes.
     */
    public static Examples of(float[][] x, float[][] y) {
        return new Examples(x, y, ones(x.length), false);
    }

    /** Makes examples of as many classes as the largest label says, that all count alike. */
    public static Examples of(float[][] x, int... labels) {
        return ofClasses(x, Arrays.stream(labels).max().orElse(0) + 1, labels);
    }

    /**
     * Makes examples of so many classes, some of which may have none, that all count alike.
     *
     * @throws IllegalArgumentException if a label is outside [0, classes), or there is not one for each row
     */
    public static Examples ofClasses(float[][] x, int classes, int... labels) {
        if (classes < 1) {
            throw new IllegalArgumentException("examples: " + classes + " classes; there must be at least 1");
        }
        float[][] y = new float[labels.length][classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException(
                        "examples: the label of row " + i + " is " + labels[i] + ", outside [0, " + classes + ")");
            }
            y[i][labels[i]] = 1;
        }
        return new Examples(x, y, ones(x.length), true);
    }

    /** Reads a dataset of labels or float targets, whose features become flat rows. */
    public static Examples of(Dataset data) {
        return of(x -> x, data);
    }

    /**
     * Reads a dataset of labels or float targets, with what a layer computes of the features in evaluation mode,
     * flattened, in their place.
     *
     * @throws IllegalArgumentException if the layer does not give one row for each example, or the targets are neither
     *     labels nor floats
     */
    public static Examples of(Layer features, Dataset data) {
        List<float[]> x = new ArrayList<>();
        List<float[]> y = new ArrayList<>();
        int[] labels = new int[data.size()];
        data.forEach(batch -> {
            Tensor made = features.apply(batch);
            int n = batch.size();
            if (made.shape().rank() == 0 || made.dim(0) != n) {
                throw new IllegalArgumentException("examples: the layer gives " + made.shape() + " of " + n
                        + " examples; give a layer with one row for each");
            }
            if (data.classes() > 0) {
                System.arraycopy(batch.y().toIntArray(), 0, labels, x.size(), n);
            } else if (batch.y().dtype() == DType.F32) {
                split(batch.y().toArray(), n, y);
            } else {
                throw new IllegalArgumentException(
                        "examples: the targets are integers " + batch.y().shape() + "; give labels or floats");
            }
            split(made.toArray(), n, x);
        });
        float[][] rows = x.toArray(float[][]::new);
        return data.classes() > 0 ? ofClasses(rows, data.classes(), labels) : of(rows, y.toArray(float[][]::new));
    }

    private static void split(float[] values, int n, List<float[]> to) {
        int width = values.length / n;
        for (int i = 0; i < n; i++) {
            to.add(Arrays.copyOfRange(values, i * width, (i + 1) * width));
        }
    }

    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Returns the number of examples. */
    public int size() {
        return x.length;
    }

    /** Returns the number of features of each. */
    public int columns() {
        return x[0].length;
    }

    /** Returns the number of targets of each; for labels, the number of classes. */
    public int outputs() {
        return y[0].length;
    }

    /**
     * Returns the class of each example.
     *
     * @throws IllegalArgumentException if the targets are numbers
     */
    public int[] labels() {
        if (!areClasses) {
            throw new IllegalArgumentException("labels: the targets of these examples are " + outputs()
                    + (outputs() == 1 ? " number" : " numbers") + ", not classes; give labels");
        }
        int[] labels = new int[size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = FeatureRows.largest(y[i]);
        }
        return labels;
    }

    /**
     * Returns the class of each example for a method that tells classes apart.
     *
     * @param op names the method in the message
     */
    int[] classes(String op) {
        int[] labels = labels();
        int[] known = IntStream.range(0, size())
                .filter(i -> weights[i] > 0)
                .map(i -> labels[i])
                .distinct()
                .toArray();
        if (known.length < 2) {
            throw new IllegalArgumentException(op + ": all " + size() + " examples are of class " + known[0]
                    + "; give examples of at least two classes");
        }
        return labels;
    }

    /** Returns the examples of these numbers, in this order. A number may come more than once. */
    public Examples subset(int... rows) {
        float[][] someX = new float[rows.length][];
        float[][] someY = new float[rows.length][];
        double[] some = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0 || rows[i] >= size()) {
                throw new IllegalArgumentException("subset: example " + rows[i] + " is outside [0, " + size()
                        + "); give the number of one that exists");
            }
            someX[i] = x[rows[i]];
            someY[i] = y[rows[i]];
            some[i] = weights[rows[i]];
        }
        return new Examples(someX, someY, some, areClasses);
    }

    /** Returns these examples with other features. */
    public Examples withX(float[][] other) {
        return new Examples(other, y, weights, areClasses);
    }

    /** Returns these examples with other targets, which are numbers. */
    public Examples withY(float[][] other) {
        return new Examples(x, other, weights, false);
    }

    /**
     * Returns these examples with other labels, of so many classes.
     *
     * @throws IllegalArgumentException if a label is outside [0, classes), or there is not one for each row
     */
    public Examples withLabels(int classes, int... labels) {
        return ofClasses(x, classes, labels).weighted(weights);
    }

    /** Returns these examples with other weights. */
    public Examples weighted(double... other) {
        return new Examples(x, y, other, areClasses);
    }

    /**
     * Returns as many examples, drawn with replacement in proportion to their weights, that all count alike: for
     * learners that cannot weigh examples (Freund and Schapire 1996).
     */
    public Examples resampled(long seed) {
        Examples drawn = subset(FeatureRows.draw(weights, size(), new Rng(seed).split("resampled")));
        return drawn.weighted(ones(size()));
    }

    /**
     * Returns a dataset of these examples, without their weights, for training a network: of labels for classes, of
     * targets for numbers. The caller closes it.
     */
    public Dataset dataset() {
        if (!areClasses) {
            return Dataset.of(x, y);
        }
        try (Dataset seen = Dataset.of(x, labels())) {
            return seen.withClasses(outputs());
        }
    }
}
