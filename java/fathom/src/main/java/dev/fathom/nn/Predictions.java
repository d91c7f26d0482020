package dev.fathom.nn;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Role;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a net gives for the examples of a dataset, on the heap, as {@link Model#predict(Dataset)} returns it.
 *
 * @param rows [n], the numbers of each example, the last dimension first in order; row i belongs to example i of the
 *     dataset, whatever the order of the batches was
 * @param shape of what is given for one example, or for one step of it if {@code perStep}
 * @param perStep whether each row has one result after another for the steps of a ragged example, without padding
 */
public record Predictions(float[][] rows, Shape shape, boolean perStep) {
    /** Collects what {@code call} gives for batches that come from {@code source}. */
    static Predictions of(
            int examples, Consumer<Consumer<Batch>> source, boolean keepsSteps, Function<Batch, Tensor> call) {
        Collector collector = new Collector(examples);
        source.accept(
                batch -> collector.add(batch, keepsSteps && batch.ragged(batch.name(Role.INPUT)), call.apply(batch)));
        return collector.predictions();
    }

    /** Returns the number of examples. */
    public int size() {
        return rows.length;
    }

    /** Returns the numbers of all examples one after another: [n, shape] in row-major order where nothing is ragged. */
    public float[] values() {
        float[] values = new float[Arrays.stream(rows).mapToInt(r -> r.length).reduce(0, Math::addExact)];
        int at = 0;
        for (float[] row : rows) {
            System.arraycopy(row, 0, values, at, row.length);
            at += row.length;
        }
        return values;
    }

    /**
     * Returns the class of the largest number of each row, which is the first of them if there are several.
     *
     * @throws IllegalArgumentException unless there is one number for each of at least two classes, none of them NaN
     */
    public int[] classes() {
        if (perStep || shape.rank() != 1 || shape.dim(0) < 2) {
            throw new IllegalArgumentException("classes: the predictions are " + shape
                    + (perStep ? " for each step" : " for each example")
                    + "; for each example there must be one number for each of at least two classes, so compare rows"
                    + " of others yourself");
        }
        int[] classes = new int[rows.length];
        for (int i = 0; i < classes.length; i++) {
            for (float score : rows[i]) {
                if (Float.isNaN(score)) {
                    throw new IllegalArgumentException("classes: the model gives NaN for example " + i
                            + ", which is no class; look for weights or features that are not finite");
                }
            }
            for (int k = 1; k < rows[i].length; k++) {
                classes[i] = rows[i][k] > rows[i][classes[i]] ? k : classes[i];
            }
        }
        return classes;
    }

    /** Puts the rows of batches where their examples are. */
    private static final class Collector {
        private final float[] @Nullable [] rows;
        private @Nullable Shape shape;
        private boolean perStep;
        private int seen;

        Collector(int examples) {
            rows = new float[examples][];
        }

        void add(Batch batch, boolean steps, Tensor y) {
            int n = batch.size();
            int[] dims = y.shape().toArray();
            int lead = steps ? 2 : 1;
            if (dims.length < lead
                    || dims[0] != n
                    || steps && dims[1] != batch.x().dim(1)) {
                throw new IllegalArgumentException("predict: the net gives " + y.shape() + " for "
                        + (steps ? batch.name(Role.INPUT) + " " + batch.x().shape() : n + " examples") + "; its first "
                        + (steps ? "dimensions must be examples and steps" : "dimension must be theirs"));
            }
            Shape one = Shape.of(Arrays.copyOfRange(dims, lead, dims.length));
            if (shape != null && !shape.equals(one)) {
                throw new IllegalArgumentException(
                        "predict: the net gives " + shape + " for an example of one batch and " + one
                                + " in another; read what it gives batch by batch with data.forEach");
            }
            shape = one;
            perStep = steps;
            float[] values = y.to(DType.F32).toArray();
            int width = values.length / n;
            String x = steps ? batch.name(Role.INPUT) : "";
            int[] lengths = steps ? batch.lengths(x).toIntArray() : null;
            for (int i = 0; i < n; i++) {
                int length = lengths == null ? width : lengths[i] * (int) one.size();
                int from = i * width + (steps && batch.paddedInFront(x) ? width - length : 0);
                int example = batch.example(i);
                rows[example < 0 ? seen + i : example] = Arrays.copyOfRange(values, from, from + length);
            }
            seen += n;
        }

        Predictions predictions() {
            float[][] all = new float[rows.length][];
            for (int i = 0; i < rows.length; i++) {
                float[] row = rows[i];
                if (row == null) {
                    throw new IllegalArgumentException("predict: the batches leave out example " + i
                            + "; give batches of all examples, without dropLast or drawing with replacement");
                }
                all[i] = row;
            }
            return new Predictions(all, Objects.requireNonNull(shape), perStep);
        }
    }
}
