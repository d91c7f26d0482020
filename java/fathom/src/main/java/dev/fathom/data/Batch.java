package dev.fathom.data;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The examples of one step: a tensor for each field of the dataset, of the pass in which they were gathered. Most
 * datasets have an input, {@link #x}, and labels or targets, {@link #y}.
 */
public final class Batch {
    private static final List<String> PAIR = List.of("x", "y");

    private final List<String> names;
    /** The numbers of the input and the target, or -1. */
    private final int x;

    private final int y;
    private final Tensor[] values;
    private final @Nullable Padded @Nullable [] padded;
    private final boolean first;
    private final @Nullable IntUnaryOperator examples;

    /**
     * What is padding in a ragged field.
     *
     * @param lengths I32 [n]
     * @param inFront whether padding lies in front of the steps
     */
    record Padded(Tensor lengths, boolean inFront) {}

    /**
     * Keeps these arrays without a copy; {@code padded} is null where no field is ragged, {@code examples} where there
     * is no dataset.
     */
    Batch(
            List<String> names,
            int x,
            int y,
            Tensor[] values,
            @Nullable Padded @Nullable [] padded,
            boolean first,
            @Nullable IntUnaryOperator examples) {
        this.names = names;
        this.x = x;
        this.y = y;
        this.values = values;
        this.padded = padded;
        this.first = first;
        this.examples = examples;
    }

    /** Makes a batch of features [n, ...] and labels [n] or targets [n, ...]. */
    public Batch(Tensor x, Tensor y) {
        this(PAIR, 0, 1, new Tensor[] {x, y}, null, false, null);
    }

    /**
     * Returns the features, which are the field with the role {@link Role#INPUT}: [n, shape of an example], or [n,
     * length, shape of a step] if they are ragged.
     *
     * @throws IllegalArgumentException if the dataset has no such field
     */
    public Tensor x() {
        return values[place(Role.INPUT)];
    }

    /**
     * Returns the labels [n], I32, or the targets [n, target shape], F32, which are the field with the role
     * {@link Role#TARGET}.
     *
     * @throws IllegalArgumentException if the dataset has no such field
     */
    public Tensor y() {
        return values[place(Role.TARGET)];
    }

    /**
     * Returns the name of the field with a role, by which {@link #lengths} and the like take it.
     *
     * @throws IllegalArgumentException if the dataset has no such field
     */
    public String name(Role role) {
        return names.get(place(role));
    }

    private int place(Role role) {
        int i = role == Role.INPUT ? x : role == Role.TARGET ? y : -1;
        if (i < 0) {
            throw without("batch", role, names);
        }
        return i;
    }

    static IllegalArgumentException without(String op, Role role, List<String> names) {
        return new IllegalArgumentException(op + ": none of the fields " + names + " is the " + role.word
                + "; mark one where the dataset is made, as in Field.floats(...)." + role.word + "()");
    }

    /**
     * Returns the field of this name.
     *
     * @throws IllegalArgumentException if the dataset has no such field
     */
    public Tensor get(String name) {
        return values[index(name)];
    }

    /**
     * Returns the lengths [n], I32, of the examples of a ragged field: how many steps of each are not padding.
     *
     * @throws IllegalArgumentException if there is no such field, or it is not ragged
     */
    public Tensor lengths(String name) {
        return padded(name).lengths;
    }

    private Padded padded(String name) {
        int i = index(name);
        Padded p = padded == null ? null : padded[i];
        if (p == null) {
            throw new IllegalArgumentException(
                    "lengths: the field " + name + " is not ragged; every example has all of " + values[i].shape());
        }
        return p;
    }

    /** Returns whether the field of this name is ragged and therefore has {@link #lengths}. */
    public boolean ragged(String name) {
        int i = index(name);
        return padded != null && padded[i] != null;
    }

    /**
     * Returns whether the padding of a ragged field lies in front of the steps; see {@link Padding#front}.
     *
     * @throws IllegalArgumentException if there is no such field, or it is not ragged
     */
    public boolean paddedInFront(String name) {
        return padded(name).inFront;
    }

    /**
     * Returns the steps of {@code perStep} that are no padding in the ragged field {@code name}, one sequence after
     * another: [steps of all examples, ..], on which a loss or a metric counts what is there and nothing else.
     *
     * <pre>{@code
     * Loss.crossEntropy().of(batch.unpadded("tags", logits), batch.unpadded("tags", batch.y()))
     * }</pre>
     *
     * @param perStep what there is for each step, [n, length, ..] with the length of the field
     * @throws IllegalArgumentException if there is no such field, it is not ragged, or the shape is another
     */
    public Tensor unpadded(String name, Tensor perStep) {
        Padded p = padded(name);
        int n = size();
        int length = get(name).dim(1);
        Shape shape = perStep.shape();
        if (shape.rank() < 2 || shape.dim(0) != n || shape.dim(1) != length) {
            throw new IllegalArgumentException("unpadded: " + shape + " is not [" + n + ", " + length
                    + ", ..], the steps of the ragged field " + name + "; give something for each step of it");
        }
        int[] rows = shape.toArray();
        int[] folded = Arrays.copyOfRange(rows, 1, rows.length);
        folded[0] = Math.multiplyExact(n, length);
        Tensor all = perStep.reshape(folded);
        int[] lengths = p.lengths.toIntArray();
        int[] kept = new int[Arrays.stream(lengths).sum()];
        if (kept.length == folded[0]) {
            return all;
        }
        for (int i = 0, to = 0; i < n; i++) {
            int from = i * length + (p.inFront ? length - lengths[i] : 0);
            for (int k = 0; k < lengths[i]; k++) {
                kept[to++] = from + k;
            }
        }
        return all.take(0, Tensor.ofInts(kept, kept.length));
    }

    /** Returns the names of the fields, in the order of the dataset. */
    public List<String> names() {
        return names;
    }

    /** Returns the number of examples; the last batch of an epoch may have fewer than the others. */
    public int size() {
        return values[0].dim(0);
    }

    /**
     * Returns the number in the dataset of the example in row {@code row} of this batch: the {@code i} of
     * {@code data.label(i)}, for the dataset whose batches these are. It is -1 for a batch that was not made of a
     * dataset.
     *
     * @throws IllegalArgumentException if there is no such row
     */
    public int example(int row) {
        if (row < 0 || row >= size()) {
            throw new IllegalArgumentException(
                    "example: row " + row + " is outside [0, " + size() + "); ask for a row of this batch");
        }
        return examples == null ? -1 : examples.applyAsInt(row);
    }

    /**
     * Returns whether this is the first batch of an epoch, in training or in evaluation. A net that carries its state
     * from batch to batch forgets it here; see {@link Dataset#pieces}.
     */
    public boolean isFirst() {
        return first;
    }

    /**
     * This batch, which a user made of {@code gathered}, with the place in the dataset and in the epoch of that one.
     */
    Batch of(Batch gathered) {
        return first == gathered.first && examples == gathered.examples
                ? this
                : new Batch(names, x, y, values, padded, gathered.first, gathered.examples);
    }

    /**
     * Returns a batch of these examples in which {@code value} is the field of this name. The field may be new, and a
     * ragged one keeps its lengths.
     *
     * @throws IllegalArgumentException if the tensor is not [n, ...] for n examples
     */
    public Batch with(String name, Tensor value) {
        if (value.shape().rank() == 0 || value.dim(0) != size()) {
            throw new IllegalArgumentException("with: " + name + " is " + value.shape() + " for " + size()
                    + " examples; its first dimension must be theirs");
        }
        int i = names.indexOf(name);
        if (i >= 0) {
            Tensor[] all = values.clone();
            all[i] = value;
            return new Batch(names, x, y, all, padded, first, examples);
        }
        List<String> more = new ArrayList<>(names);
        more.add(name);
        Tensor[] all = Arrays.copyOf(values, more.size());
        all[names.size()] = value;
        return new Batch(
                List.copyOf(more),
                x,
                y,
                all,
                padded == null ? null : Arrays.copyOf(padded, more.size()),
                first,
                examples);
    }

    /**
     * Returns a batch of these examples with another input. If there was none, the field {@code x} is it.
     *
     * @throws IllegalArgumentException if the tensor is not [n, ...] for n examples
     */
    public Batch withX(Tensor value) {
        Batch b = with(x < 0 ? PAIR.get(0) : names.get(x), value);
        return x < 0 ? new Batch(b.names, b.index(PAIR.get(0)), y, b.values, b.padded, first, examples) : b;
    }

    /**
     * Returns a batch of these examples with another target. If there was none, the field {@code y} is it.
     *
     * @throws IllegalArgumentException if the tensor is not [n, ...] for n examples
     */
    public Batch withY(Tensor value) {
        Batch b = with(y < 0 ? PAIR.get(1) : names.get(y), value);
        return y < 0 ? new Batch(b.names, x, b.index(PAIR.get(1)), b.values, b.padded, first, examples) : b;
    }

    private int index(String name) {
        int i = names.indexOf(name);
        if (i < 0) {
            throw new IllegalArgumentException("batch: there is no field " + name + "; there are " + names
                    + ", so name one of them, or call it " + name + " where the dataset is made");
        }
        return i;
    }
}
