package dev.fathom.data;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How a dataset is cut into batches of {@code size} examples: the order, what happens to a short last batch, and random
 * changes. Every example comes once in each epoch, unless examples are drawn. This is a description that never changes,
 * so that threads may share it. An {@link Epoch}, asked for by its number, is a cursor over the batches for one thread,
 * and its order depends only on the seed and this number.
 *
 * <pre>{@code
 * var epoch = data.shuffled(seed).batches(128).epoch(0);
 * while (epoch.hasNext()) {
 *     try (var pass = Pass.train(rng)) {
 *         Batch batch = epoch.next();
 *         ...
 *     }
 * }
 * }</pre>
 *
 * <p>If no field is ragged, a step allocates only its tensors and the batch. An epoch holds its order, four bytes an
 * example, on the heap, and nothing that must be closed.
 */
public final class Batches {
    /** Names the stream of the random changes. */
    private static final long AUGMENT = 0x6175676d656e74L;

    /** What happens to a last batch with fewer examples than the others. */
    enum Last {
        KEEP,
        DROP,
        SCALE_RATE
    }

    private final Dataset.Order order;
    private final Dataset data;
    private final int size;
    private final boolean random;
    private final Last shortOne;
    private final @Nullable Buckets buckets;
    private final @Nullable Augmentation augmentation;
    private final Augmentation.@Nullable Change change;
    private final int steps;
    /** The shapes of the fields in a whole batch and in the last; null where they are ragged. */
    private final @Nullable Shape[] whole;

    private final @Nullable Shape[] last;
    private final boolean ragged;

    /**
     * How examples of similar length come together.
     *
     * @param field the ragged field with the lengths
     * @param batches the number of batches that are sorted together
     */
    private record Buckets(String field, int batches) {}

    Batches(Dataset.Order order, int size, boolean random) {
        this(order, size, random, Last.KEEP, null, null);
    }

    private Batches(
            Dataset.Order order,
            int size,
            boolean random,
            Last shortOne,
            @Nullable Augmentation augmentation,
            @Nullable Buckets buckets) {
        int n = order.data().size();
        if (size < 1) {
            throw new IllegalArgumentException("batches: size=" + size + "; a batch has at least one example");
        }
        if (size > n) {
            throw new IllegalArgumentException(
                    "batches: size=" + size + " but the dataset has " + n + " examples; use at most that");
        }
        this.order = order;
        this.data = order.data();
        this.size = size;
        this.random = random;
        this.shortOne = shortOne;
        this.buckets = buckets;
        this.augmentation = augmentation;
        change = augmentation == null ? null : augmentation.on(data);
        steps = shortOne == Last.DROP ? n / size : (n - 1) / size + 1;
        ragged = data.source().parts.stream().anyMatch(Storage.Part::ragged);
        whole = shapes(size);
        last = shapes(n - (n - 1) / size * size);
    }

    private @Nullable Shape[] shapes(int n) {
        Storage source = data.source();
        Shape[] shapes = new Shape[source.parts.size()];
        for (int f = 0; f < shapes.length; f++) {
            if (!source.parts.get(f).ragged()) {
                shapes[f] = batched(n, data.shape(f));
            }
        }
        return shapes;
    }

    private static Shape batched(int n, Shape shape) {
        int[] dims = new int[shape.rank() + 1];
        dims[0] = n;
        System.arraycopy(shape.toArray(), 0, dims, 1, shape.rank());
        return Shape.of(dims);
    }

    /** Returns these batches without the last one of an epoch if it has fewer examples than the others. */
    public Batches dropLast() {
        return new Batches(order, size, random, Last.DROP, augmentation, buckets);
    }

    /**
     * Returns these batches with a smaller step for a short last batch: a trainer multiplies the learning rate by the
     * batch's share of a whole one.
     */
    public Batches scaleLast() {
        return new Batches(order, size, random, Last.SCALE_RATE, augmentation, buckets);
    }

    /**
     * Returns these batches with a random change to the examples, which replaces any earlier one. It is drawn anew in
     * every epoch from the seed of the order, so that the batches of an epoch can be repeated bit for bit. Evaluation
     * uses the {@link #withoutAugmentation} batches and never sees the change.
     *
     * @throws IllegalArgumentException if the change does not suit the examples
     */
    public Batches augment(Augmentation augmentation) {
        return new Batches(order, size, random, shortOne, augmentation, buckets);
    }

    /** Returns these batches without random changes. */
    public Batches withoutAugmentation() {
        return augmentation == null ? this : new Batches(order, size, random, shortOne, null, buckets);
    }

    /**
     * Returns these batches with examples of similar length together, so that less is padded. In every epoch, the
     * examples of {@code batches} batches that follow one another are sorted by the length of the ragged field
     * {@code field} and cut into batches anew. If the order is random, these batches are then dealt out in a random
     * order too. A short last batch stays as it was. More batches at a time mean less padding, and neighbors that are
     * less random; 50 to 100 are usual.
     *
     * @throws IllegalArgumentException if the field does not exist or is not ragged, or the number of batches is less
     *     than 1
     */
    public Batches bucketed(String field, int batches) {
        if (!data.ragged(field) || batches < 1) {
            throw new IllegalArgumentException(
                    batches < 1
                            ? "bucketed: batches=" + batches + "; sort at least one batch at a time"
                            : "bucketed: the field " + field + " is not ragged; all examples are " + data.shape(field));
        }
        return new Batches(order, size, random, shortOne, augmentation, new Buckets(field, batches));
    }

    /**
     * Returns the factor of the learning rate for {@code batch}: its share of a whole batch after {@link #scaleLast},
     * and 1 otherwise.
     */
    public float rateFactor(Batch batch) {
        return rateFactor(batch.size());
    }

    /** Returns {@link #rateFactor(Batch)} for a batch of so many examples. */
    public float rateFactor(int examples) {
        return shortOne == Last.SCALE_RATE ? (float) examples / size : 1;
    }

    /**
     * Returns size, order and the treatment of the last batch, such as {@code batches of 128 of 55000 examples,
     * shuffled by seed 3}.
     */
    @Override
    public String toString() {
        return "batches of " + size + " of " + data.size() + " examples, "
                + (!random
                        ? "in their order"
                        : (order.replacement() ? "drawn" : "shuffled") + " by seed " + order.seed())
                + switch (shortOne) {
                    case KEEP -> "";
                    case DROP -> ", the last one dropped";
                    case SCALE_RATE -> ", the last one at its share of the rate";
                }
                + (buckets == null
                        ? ""
                        : ", " + buckets.batches + " at a time sorted by the length of " + buckets.field)
                + (augmentation == null ? "" : ", augmented by " + augmentation);
    }

    /** Returns the dataset. */
    public Dataset data() {
        return data;
    }

    /** Returns the number of examples of a batch; the last one may have fewer. */
    public int size() {
        return size;
    }

    /**
     * Returns the number of examples of batch number {@code step} of an epoch.
     *
     * @throws IllegalArgumentException unless {@code 0 <= step < steps()}
     */
    public int size(int step) {
        if (step < 0 || step >= steps) {
            throw new IllegalArgumentException(
                    "Batches.size: there is no step " + step + "; an epoch has " + steps + " batches, counted from 0");
        }
        return count(step);
    }

    /** Returns the number of batches of an epoch. */
    public int steps() {
        return steps;
    }

    /** Returns the number of examples of an epoch. */
    public int examples() {
        return shortOne == Last.DROP ? steps * size : data.size();
    }

    /**
     * Begins epoch number {@code epoch}. Epochs are independent of each other, also those of one number.
     *
     * @throws IllegalArgumentException if the number is negative
     * @throws IllegalStateException if the dataset is closed
     */
    public Epoch epoch(int epoch) {
        if (epoch < 0) {
            throw new IllegalArgumentException("epoch: number " + epoch + " does not exist; they count from 0");
        }
        data.enter();
        try {
            return new Epoch(epoch, dealt(epoch));
        } finally {
            data.exit();
        }
    }

    /** The examples in the order of an epoch, or null where this is the order of the dataset. */
    private int @Nullable [] dealt(int epoch) {
        if (!random && buckets == null) {
            return null;
        }
        int n = data.size();
        Rng rng = new Rng(order.seed()).split(epoch);
        int[] examples = !random
                ? IntStream.range(0, n).toArray()
                : order.replacement() ? RowSampling.draw(rng, n) : rng.permutation(n);
        if (buckets != null) {
            sort(buckets, examples, rng);
        }
        return examples;
    }

    /**
     * Sorts the examples of the whole batches, so many batches at a time, and shuffles the batches if the order is
     * random.
     */
    private void sort(Buckets buckets, int[] examples, Rng rng) {
        int whole = data.size() / size;
        int[] sorted = new int[whole * size];
        for (int from = 0; from < sorted.length; ) {
            int n = (int) Math.min((long) buckets.batches * size, sorted.length - from);
            long[] keys = new long[n];
            for (int i = 0; i < n; i++) { // the length, and where that is the same the order as it was
                keys[i] = data.length(buckets.field, examples[from + i]) << 31 | i;
            }
            Arrays.sort(keys);
            for (int i = 0; i < n; i++) {
                sorted[from + i] = examples[from + (int) (keys[i] & Integer.MAX_VALUE)];
            }
            from += n;
        }
        int[] places = random ? rng.split("buckets").permutation(whole) : null;
        for (int i = 0; i < whole; i++) {
            System.arraycopy(sorted, (places == null ? i : places[i]) * size, examples, i * size, size);
        }
    }

    private static Batch same(String op, Batch before, Batch after) {
        if (after.size() != before.size()) {
            throw new IllegalArgumentException(op + ": a batch of " + before.size() + " examples became one of "
                    + after.size() + "; a change must keep their number");
        }
        return after.of(before);
    }

    private static void gather(
            Commands commands,
            int kind,
            long from,
            long fromRows,
            long index,
            long to,
            long rows,
            long columns,
            long norm,
            int channels) {
        commands.begin(Kernel.GATHER)
                .put(kind)
                .put(Float.BYTES)
                .at(from)
                .put(fromRows)
                .at(index)
                .put(0)
                .at(to)
                .put(1)
                .put(rows)
                .put(columns)
                .at(norm)
                .put(channels)
                .run();
    }

    /**
     * Hands the batches of epoch 0 to {@code body}, without the changes of {@link #augment}, each in an inference pass
     * of its own. This is how every evaluation of the library reads data: {@code Model.predict}, the trainer's
     * validation, and the assessments.
     *
     * <pre>{@code
     * data.batches(64).forEach(batch -> System.out.println(net.apply(batch)));
     * }</pre>
     *
     * <p>Evaluation draws no random numbers as a rule. If a net or a {@link Dataset#map} draws nevertheless, the batch
     * that begins with the i-th example has the stream {@code new Rng(0).split(i)}, so that every evaluation in the
     * same batches has the same numbers.
     */
    public void forEach(Consumer<Batch> body) {
        Epoch epoch = withoutAugmentation().epoch(0);
        for (int step = 0; step < steps; step++) {
            epoch.infer(step * size, count(step), body);
        }
    }

    /** The number of examples in a batch of an epoch. */
    private int count(int step) {
        return Math.min(size, data.size() - step * size);
    }

    /** One pass over the examples: a cursor for one thread at a time, independent of all others. */
    public final class Epoch implements Iterator<Batch> {
        /** Which examples, one after another; null for all in order. */
        private final int @Nullable [] order;

        /** The seed of the changes. */
        private final long seed;

        private int next;

        private Epoch(int number, int @Nullable [] order) {
            this.order = order;
            seed = change == null
                    ? 0
                    : new Rng(Batches.this.order.seed())
                            .split(AUGMENT)
                            .split(number)
                            .seed();
        }

        @Override
        public boolean hasNext() {
            return next < steps;
        }

        /**
         * Gathers the next batch into the thread's current pass.
         *
         * @throws NoSuchElementException after the last
         * @throws IllegalStateException as {@link #batch}
         */
        @Override
        public Batch next() {
            if (next == steps) {
                throw new NoSuchElementException("the epoch has " + steps + " batches; ask for the next epoch");
            }
            Batch batch = batch(next);
            next++;
            return batch;
        }

        /**
         * Gathers batch number {@code step} into the thread's current pass.
         *
         * @throws IllegalArgumentException unless {@code 0 <= step < steps()}
         * @throws IllegalStateException if no pass is open, or the dataset is closed
         */
        public Batch batch(int step) {
            if (step < 0 || step >= steps) {
                throw new IllegalArgumentException(
                        "batch: step " + step + " is outside [0, " + steps + "); an epoch has " + steps + " batches");
            }
            return examples(step * size, count(step));
        }

        /**
         * Gathers the rows {@code from} to {@code to - 1} of batch number {@code step} into the thread's current pass:
         * a shard of it, which is padded to its longest example and changed by {@link #augment} for its place in the
         * epoch. Several threads may gather at once.
         *
         * @throws IllegalArgumentException unless {@code 0 <= step < steps()} and {@code 0 <= from < to}, and the batch
         *     has as many examples
         * @throws IllegalStateException as {@link #batch(int)}
         */
        public Batch batch(int step, int from, int to) {
            if (step < 0 || step >= steps || from < 0 || from >= to || to > count(step)) {
                throw new IllegalArgumentException("batch: there are no rows [" + from + ", " + to + ") in step " + step
                        + "; an epoch has " + steps + " batches of " + size
                        + " examples, the last of which may have fewer");
            }
            return examples(step * size + from, to - from);
        }

        /** Runs {@code body} on n examples in an inference pass, and returns the most bytes its tensors took. */
        long infer(int from, int n, Consumer<Batch> body) {
            try (Pass pass = Pass.infer(new Rng(0).split(from))) {
                body.accept(examples(from, n));
                return pass.peakBytes();
            }
        }

        /** The n examples of the epoch from this one on. */
        private Batch examples(int from, int n) {
            Storage source = data.source();
            @Nullable Shape[] shapes = n == size ? whole : n == count((data.size() - 1) / size) ? last : shapes(n);
            data.enter();
            Arena arena = OffHeap.borrow(); // for what the kernels need beside the batch
            try {
                long numbers = rows(arena, from, n);
                Storage.Rows at = source.rows(arena, numbers, n);
                long index = at.index(numbers);
                Tensor[] values = new Tensor[shapes.length];
                Batch.Padded[] padded = ragged ? new Batch.Padded[shapes.length] : null;
                Commands commands = Values.commands();
                for (int f = 0; f < shapes.length; f++) {
                    Shape shape = shapes[f];
                    if (shape == null && padded != null) {
                        Tensor lengths = Values.create(Tensor.class, Shape.of(n), DType.I32);
                        padded[f] = new Batch.Padded(lengths, data.padding(f).atFront());
                        values[f] =
                                padded(commands, at, f, Block.at(index, 4 * n).asIntBuffer(), lengths);
                        continue;
                    }
                    Storage.Part part = source.parts.get(f);
                    values[f] =
                            Values.create(Tensor.class, shape, part.as() == Storage.As.FLOATS ? DType.F32 : DType.I32);
                    boolean pixels = part.pixels();
                    gather(
                            commands,
                            pixels
                                    ? Kernel.GATHER_BYTES_TO_FLOATS
                                    : part.dtype() == DType.U8 ? Kernel.GATHER_BYTES_TO_INTS : Kernel.GATHER_ELEMENTS,
                            at.address(f),
                            at.count(),
                            index,
                            Values.address(values[f]),
                            n,
                            part.columns(),
                            pixels ? data.norm(f) : 0,
                            pixels ? data.channels(f) : 1);
                }
                Batch batch = new Batch(
                        source.names, source.x, source.y, values, padded, from == 0, row -> example(from + row));
                Batch augmented = change == null ? batch : same("augment", batch, change.apply(batch, seed, from));
                return same("map", augmented, data.changed(augmented));
            } finally {
                OffHeap.giveBack(arena);
                data.exit();
            }
        }

        /** The address of the rows of the source in which these n examples lie. */
        private long rows(Arena arena, int from, int n) {
            if (order == null) {
                return data.index() + 4L * from;
            }
            long examples = arena.allocate(4L * n);
            long rows = arena.allocate(4L * n);
            Block.write(examples, IntBuffer.wrap(order, from, n));
            gather(arena.commands(), Kernel.GATHER_ELEMENTS, data.index(), data.size(), examples, rows, n, 1, 0, 1);
            return rows;
        }

        /** The number in the dataset of the example at a place of this epoch. */
        private int example(int place) {
            return order == null ? place : order[place];
        }
    }

    /**
     * Examples of a ragged field, whose row numbers these are, as [n, length, shape of a step]; writes how many steps
     * each has.
     */
    private Tensor padded(Commands commands, Storage.Rows source, int field, IntBuffer rows, Tensor lengths) {
        Storage.Part part = data.source().parts.get(field);
        Padding padding = data.padding(field);
        int[] kept = new int[rows.remaining()];
        int most = 1;
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < kept.length; i++) {
            kept[i] = (int)
                    Math.min(padding.limit(), source.step(field, rows.get(i) + 1) - source.step(field, rows.get(i)));
            most = Math.max(most, kept[i]);
            least = Math.min(least, kept[i]);
        }
        Block.write(Values.address(lengths), IntBuffer.wrap(kept));
        int length = padding.fixed() ? padding.limit() : most;
        boolean ints = part.as() == Storage.As.INTS;
        Tensor result = Values.create(
                Tensor.class, batched(kept.length, batched(length, data.shape(field))), ints ? DType.I32 : DType.F32);
        long to = Values.address(result);
        if (least < length) {
            commands.begin(Kernel.FILL)
                    .at(to)
                    .put(result.shape().size())
                    .put(ints ? Float.intBitsToFloat((int) padding.value()) : (float) padding.value())
                    .run();
        }
        long line = Float.BYTES * (long) part.columns();
        for (int i = 0; i < kept.length; i++, to += length * line) {
            int row = rows.get(i);
            long first = padding.end() ? source.step(field, row + 1) - kept[i] : source.step(field, row);
            long from = source.address(field) + first * part.rowBytes();
            long at = padding.atFront() ? to + (length - kept[i]) * line : to;
            if (kept[i] == 0) {
                continue;
            }
            if (part.dtype() == DType.U8) {
                commands.begin(Kernel.CAST)
                        .put(DType.U8.ordinal())
                        .put(DType.I32.ordinal())
                        .at(from)
                        .at(at)
                        .put((long) kept[i] * part.columns())
                        .run();
            } else {
                commands.begin(Kernel.COPY).at(from).at(at).put(kept[i] * line).run();
            }
        }
        return result;
    }
}
