package dev.fathom.data;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.Npy;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tree.Records;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Examples, all with the same {@link Field fields}. Most datasets have an input, features of one shape as bytes or
 * floats, and a target, a class label or floats. There may be any number of fields of floats or integers, and some may
 * be ragged (of another length for each example). Parts and orders of a dataset always keep all fields of an example
 * together. Bytes become floats as they are gathered into a batch: x = value scale + shift, with 1/255 and 0 unless
 * {@link #scaled} or {@link #normalized} say otherwise. Images are [height, width, channels].
 *
 * <p>The examples lie in memory off the heap, or stay where a {@link Source} has them: in files that are
 * {@link #mapped}, in one that collects a stream ({@link #onDisk}), or in a format of your own. Then a batch reads its
 * examples when it is gathered, and the bits are the same.
 *
 * <p>{@link #split}, {@link #take}, {@link #subset}, {@link #reshaped}, {@link #flattened}, {@link #scaled},
 * {@link #normalized}, {@link #padded}, {@link #withClasses} and {@link #map} give datasets over the same memory, which
 * cost four bytes for each example. Each may be closed on its own. The memory is freed when the last one is closed.
 * Once one of them was closed, the garbage collector may free the memory of the others without reporting them.
 *
 * <p>Any thread may use a dataset. After it is closed, every method that reads examples throws IllegalStateException
 * with the place where it was closed.
 */
public final class Dataset implements AutoCloseable {
    /** This number of pixels fills whole vectors of any width. */
    private static final int PIXELS = 16;

    private final Storage source;
    private final Block index;
    private final IntBuffer rows;
    private final int size;
    /** Of each field. */
    private final List<View> views;

    private final UnaryOperator<Batch> change;
    private final int classes;

    /** Counted when they are asked for first: three parts of a set are normalized like one of them. */
    private volatile @Nullable Moments moments;

    private int readers;
    private boolean closed;
    private @Nullable Object closedAt;

    /** Takes over one use of {@code source} and the row numbers in {@code index}. */
    private Dataset(Storage source, Block index, int size, List<View> views, UnaryOperator<Batch> change, int classes) {
        this.source = source;
        this.index = index;
        this.rows = index.view(0, 4L * size).asIntBuffer();
        this.size = size;
        this.views = List.copyOf(views);
        this.change = change;
        this.classes = classes;
        long at = aligned(size);
        for (View v : views) {
            v.scaling.write(index.view(at, v.scaling.bytes()).asFloatBuffer());
            at += v.scaling.bytes();
        }
    }

    /**
     * How a field is shown.
     *
     * @param shape of an example, or a step
     * @param scaling of each channel, or one of all
     */
    private record View(Shape shape, Scaling scaling, Padding padding) {}

    /** x = value scale[c] + shift[c], c = column % channels. */
    private record Scaling(float[] scale, float[] shift) {
        int channels() {
            return scale.length;
        }

        long bytes() {
            return 2L * Float.BYTES * PIXELS * channels();
        }

        /** The scales of so many pixels, then their shifts. */
        void write(FloatBuffer to) {
            for (float[] part : new float[][] {scale, shift}) {
                for (int i = 0; i < PIXELS; i++) {
                    to.put(part);
                }
            }
        }
    }

    private static long aligned(int rows) {
        return 4L * rows + 63 & -64L;
    }

    private static Block list(int rows, List<View> views) {
        long scalings = views.stream().mapToLong(v -> v.scaling.bytes()).sum();
        return HeldStorage.unreported("dataset", aligned(rows) + scalings);
    }

    /** A dataset of all examples of a source. */
    static Dataset of(Storage source) {
        Scaling whole = new Scaling(new float[] {1f / 255}, new float[1]);
        List<View> views = source.parts.stream()
                .map(p -> new View(p.shape(), whole, Padding.behind()))
                .toList();
        Block index = list(source.rows, views);
        IntBuffer to = index.view(0, 4L * source.rows).asIntBuffer();
        for (int i = 0; i < source.rows; i++) {
            to.put(i, i);
        }
        return new Dataset(source, index, source.rows, views, UnaryOperator.identity(), source.classes());
    }

    // ---- making

    /**
     * Makes a dataset with these fields, all of which are copied.
     *
     * @throws IllegalArgumentException if there are no fields, two have the same name, they have different numbers of
     *     examples, a float is NaN or infinite, or a label is negative
     */
    public static Dataset of(Field... fields) {
        List<Field> all = List.of(fields);
        Field.checkNames("of", all);
        Field first = fields[0];
        List<HeldStorage.Content> contents = new ArrayList<>();
        for (Field f : fields) {
            if (f.content == null) {
                throw new IllegalArgumentException(
                        "of: the field " + f.part.name() + " has no values; give them, or make a dataset of a Source");
            }
            Storage.check("field " + f.part.name(), f.examples(), f.part.shape());
            if (f.part.ragged() && f.examples() > HeldStorage.MOST_RAGGED) {
                throw new IllegalArgumentException("field " + f.part.name() + ": " + f.examples()
                        + " examples are too many for a ragged field; give at most " + HeldStorage.MOST_RAGGED);
            }
            if (f.examples() != first.examples()) {
                throw new IllegalArgumentException("of: the field " + first.part.name() + " has " + first.examples()
                        + " examples but " + f.part.name() + " has " + f.examples() + "; give equally many");
            }
            contents.add(f.content);
        }
        int classes = all.stream()
                .filter(f -> f.part.role() == Role.TARGET)
                .mapToInt(f -> f.classes)
                .sum();
        List<Storage.Part> parts = all.stream().map(f -> f.part).toList();
        return of(HeldStorage.of("of", first.examples(), parts, contents, classes));
    }

    /**
     * Makes a dataset of the examples of a source, which reads them whenever a batch is gathered and keeps none of
     * them, so that they may be more than fit into memory. The dataset closes the source with the last dataset that was
     * made from it.
     *
     * @throws IllegalArgumentException if the source has no examples or more than 2^28, no fields, two of the same name
     *     or role, or labels without a number of classes
     */
    public static Dataset of(Source source) {
        return of(SourceStorage.of(source));
    }

    /**
     * Cuts one long sequence, such as a text, into pieces for truncated back-propagation through time. An example is
     * {@code length} tokens {@code x} and the tokens {@code y} that follow each of them. The sequence is dealt out to
     * {@code rows} rows of equal length, and in {@code batches(rows)} every row goes on where it ended in the batch
     * before, so that a net can carry its state from batch to batch:
     *
     * <pre>{@code
     * try (var text = Dataset.pieces(ids, 32, 64)) {
     *   Trainer.custom(model, new Adam(1e-3f), (net, batch, state) -> {
     *     Output out = net.lstm().run(net.in().apply(batch.x()), state);
     *     Tensor loss = Loss.crossEntropy().of(net.out().apply(out.steps()), batch.y());
     *     return new Step.Result(loss).withState(out.state());
     *   }).fit(text.batches(32), 5);
     * }
     * }</pre>
     *
     * <p>Up to {@code rows} * {@code length} tokens at the end are left out.
     *
     * @throws IllegalArgumentException if rows or length is below 1, or there are fewer than rows * length + 1 tokens
     */
    public static Dataset pieces(int[] tokens, int rows, int length) {
        return pieces(Tokens.Sequence.of(tokens), rows, length);
    }

    /**
     * Cuts a long sequence in an npy file of int32 into pieces as {@link #pieces(int[], int, int)} does. The tokens
     * stay in the file, as {@link #mapped} has them.
     *
     * @throws IllegalArgumentException as there, or if the file holds anything else
     * @throws UncheckedIOException if it cannot be read
     */
    public static Dataset pieces(Path tokens, int rows, int length) {
        return pieces(Tokens.Sequence.of(NpyFile.of(tokens)), rows, length);
    }

    private static Dataset pieces(Tokens.Sequence tokens, int rows, int length) {
        return tokens.dataset(() -> {
            Checks.atLeast("pieces", "rows", rows, 1);
            Checks.atLeast("pieces", "length", length, 1);
            long each = (tokens.count() - 1) / ((long) rows * length);
            if (each < 1) {
                throw new IllegalArgumentException(
                        "pieces: " + tokens.count() + " tokens are too few for " + rows + " rows of " + length
                                + " and the token behind them; give more, or cut them into fewer or shorter rows");
            }
            return new Tokens(tokens, each * rows, length, i -> (i % rows * each + i / rows) * length);
        });
    }

    /**
     * Cuts one long sequence into windows that may overlap: example i is the {@code length} tokens from {@code i *
     * stride} on, and the tokens that follow each of them. The sequence is kept once, however much the windows overlap.
     *
     * @throws IllegalArgumentException if length or stride is below 1, or there are fewer than length + 1 tokens
     */
    public static Dataset windows(int[] tokens, int length, int stride) {
        return windows(Tokens.Sequence.of(tokens), length, stride);
    }

    /**
     * Cuts a long sequence in an npy file of int32 into windows as {@link #windows(int[], int, int)} does. The tokens
     * stay in the file, as {@link #mapped} has them.
     *
     * @throws IllegalArgumentException as there, or if the file holds anything else
     * @throws UncheckedIOException if it cannot be read
     */
    public static Dataset windows(Path tokens, int length, int stride) {
        return windows(Tokens.Sequence.of(NpyFile.of(tokens)), length, stride);
    }

    private static Dataset windows(Tokens.Sequence tokens, int length, int stride) {
        return tokens.dataset(() -> {
            Checks.atLeast("windows", "length", length, 1);
            Checks.atLeast("windows", "stride", stride, 1);
            if (tokens.count() <= length) {
                throw new IllegalArgumentException("windows: " + tokens.count() + " tokens are too few for a window of "
                        + length + " and the token behind it; give more, or make the windows shorter");
            }
            return new Tokens(tokens, (tokens.count() - 1 - length) / stride + 1, length, i -> (long) i * stride);
        });
    }

    /**
     * Collects examples that come in parts, such as from a stream, in a file, and makes a dataset of them that reads
     * the file. So they are shuffled, split and read again like any others, however many there are, and only the first
     * part and one other at a time are in memory:
     *
     * <pre>{@code
     * Iterator<Dataset> parts = ...                        // each of a thousand examples, by Dataset.of
     * try (Dataset all = Dataset.onDisk(Path.of("examples.tmp"), parts)) {
     *   trainer.fit(all.shuffled(1).batches(128), 10);
     * }
     * }</pre>
     *
     * <p>Each part is closed after it was written. Scaling, padding and {@link #map} are those of the first. The file
     * is deleted when the last dataset over it is closed.
     *
     * @param file a file that does not exist yet, with room for all examples
     * @throws IllegalArgumentException if there are no parts, or their fields differ in name, role, type or shape
     * @throws UncheckedIOException if the file exists or cannot be written
     */
    public static Dataset onDisk(Path file, Iterator<Dataset> parts) {
        if (!parts.hasNext()) {
            throw new IllegalArgumentException("onDisk: there are no datasets; give at least one");
        }
        try (Dataset first = parts.next();
                Spill.Writer writer = new Spill.Writer(file, first.source)) {
            first.write(writer);
            int most = first.classes;
            while (parts.hasNext()) {
                try (Dataset part = parts.next()) {
                    part.agree("onDisk", first);
                    part.write(writer);
                    most = Math.max(most, part.classes);
                }
            }
            try (Dataset all = owned(writer.spill())) {
                return all.view(0, null, all.size, first.views, first.change, most);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("onDisk: cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    /** A dataset of a source that is closed if there is none. */
    static Dataset owned(Source source) {
        try {
            return of(source);
        } catch (RuntimeException | Error e) {
            try {
                source.close();
            } catch (IOException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    private void write(Spill.Writer to) throws IOException {
        enter();
        try {
            for (int k = 0; k < size; k++) {
                to.add(source, rows.get(k));
            }
        } finally {
            exit();
        }
    }

    private void agree(String op, Dataset first) {
        if (!signature().equals(first.signature())) {
            throw new IllegalArgumentException(op + ": " + this + " has other fields than " + first
                    + "; give datasets whose fields agree in name, role, type and shape");
        }
    }

    /**
     * Makes a dataset of the examples of several others, one after another, copied into memory of its own. Scaling,
     * padding and {@link #map} are those of the first.
     *
     * @throws IllegalArgumentException if there are none, or their fields differ in name, role, type or shape
     */
    public static Dataset concat(Dataset... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException("concat: there are no datasets; give at least one");
        }
        Dataset first = parts[0];
        long n = 0;
        for (Dataset d : parts) {
            d.agree("concat", first);
            n += d.size;
        }
        Storage.check("concat", (int) Math.min(n, Integer.MAX_VALUE), Shape.SCALAR);
        int rows = (int) n;
        int entered = 0;
        try {
            for (; entered < parts.length; entered++) {
                parts[entered].enter();
            }
            List<Storage.Part> fields = new ArrayList<>();
            List<HeldStorage.Content> contents = new ArrayList<>();
            for (int f = 0; f < first.source.parts.size(); f++) {
                int field = f;
                Storage.Part part = first.source.parts.get(f);
                long[] offsets = part.ragged() ? offsets(parts, f, rows) : null;
                fields.add(Records.with(part, "offsets", offsets));
                contents.add((block, offset) -> copy(parts, field, block.address() + offset));
            }
            int most = Stream.of(parts).mapToInt(d -> d.classes).max().orElse(0);
            Dataset all = of(HeldStorage.of("concat", rows, fields, contents, most));
            try (all) {
                return all.view(0, null, rows, first.views, first.change, all.classes);
            }
        } finally {
            for (int i = 0; i < entered; i++) {
                parts[i].exit();
            }
        }
    }

    private static long[] offsets(Dataset[] parts, int field, int rows) {
        long[] offsets = new long[rows + 1];
        int i = 0;
        for (Dataset d : parts) {
            for (int k = 0; k < d.size; k++, i++) {
                offsets[i + 1] = offsets[i] + d.source.steps(field, d.rows.get(k));
            }
        }
        return offsets;
    }

    private static void copy(Dataset[] parts, int field, long to) {
        for (Dataset d : parts) {
            for (int k = 0; k < d.size; k++) {
                ByteBuffer values = d.source.row(field, d.rows.get(k));
                int bytes = values.remaining();
                Block.at(to, bytes).put(values);
                to += bytes;
            }
        }
    }

    /** What datasets must share to become one. */
    private List<String> signature() {
        return source.parts.stream()
                .map(p ->
                        p.name() + " " + p.role() + " " + p.as() + " " + p.dtype() + " " + p.shape() + " " + p.ragged())
                .toList();
    }

    /**
     * Reads features [n, feature shape], and labels [n] or targets [n, target shape], from two npy files. Features are
     * floats, or bytes that become floats as {@link #scaled} says. Integers in the second file are labels, and floats
     * are targets.
     *
     * @throws IllegalArgumentException if a file is damaged or of an unsuitable type, the two do not hold equally many
     *     examples, there are none, a number is NaN or infinite, or a label is negative
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset npy(Path features, Path targets) {
        Npy x = Npy.read(features);
        Npy y = Npy.read(targets);
        int n = NpyPair.check(x, y);
        boolean floats = y.dtype() == DType.F32;
        return of(
                Field.held("x", Storage.As.FLOATS, x.dtype(), NpyPair.example(x), n, HeldStorage.Content.of(x))
                        .input(),
                Field.held(
                                "y",
                                floats ? Storage.As.FLOATS : Storage.As.LABELS,
                                y.dtype(),
                                NpyPair.example(y),
                                n,
                                HeldStorage.Content.of(y))
                        .target());
    }

    /**
     * Makes a dataset of the features and the labels or targets in two npy files as {@link #npy} does, but leaves them
     * there: the files are mapped, and only the examples of a batch are copied. So they may be larger than the memory
     * and do not count against {@code -Dfathom.memory}. They should stay as they are while the dataset is open; a file
     * that became shorter is an error when it is read, and a float that is not finite when its batch is gathered.
     *
     * @throws IllegalArgumentException as {@link #npy}, or if a file is not float32, uint8 or, for labels, int32, in C
     *     order and the byte order of this machine
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset mapped(Path features, Path targets) {
        NpyFile x = NpyFile.of(features);
        NpyFile y = null;
        try {
            y = NpyFile.of(targets);
            return of(NpyPair.of(x, y));
        } catch (RuntimeException | Error e) {
            x.close();
            if (y != null) {
                y.close();
            }
            throw e;
        }
    }

    /**
     * Makes a dataset of images [n, image shape] as unsigned bytes, with a label for each.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole images, a label is negative, or the
     *     counts differ
     */
    public static Dataset images(byte[] pixels, Shape imageShape, int[] labels) {
        return images(ByteBuffer.wrap(pixels), imageShape, IntBuffer.wrap(labels));
    }

    /**
     * Makes a dataset of images [n, image shape] as unsigned bytes, with a label for each, from buffers as
     * {@link #of(FloatBuffer, Shape, IntBuffer)} takes them.
     */
    public static Dataset images(ByteBuffer pixels, Shape imageShape, IntBuffer labels) {
        return of(
                Field.pixels("x", imageShape, pixels).input(),
                Field.labels("y", labels).target());
    }

    /**
     * Makes a dataset of features [n, feature shape], example after example, and a label for each. The largest label
     * decides the number of classes.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole examples, one is NaN or infinite, a
     *     label is negative, or the counts differ
     */
    public static Dataset of(float[] features, Shape featureShape, int[] labels) {
        return of(FloatBuffer.wrap(features), featureShape, IntBuffer.wrap(labels));
    }

    /**
     * Makes a dataset of features [n, feature shape] and a label for each, from the values between position and limit
     * of two buffers. A buffer may lie on the heap, off it or be mapped from a file, and has its own byte order. All
     * values are copied, so later changes of the buffer or the file do not change the dataset. A file that was
     * truncated after it was mapped causes the JVM's InternalError here, instead of ending the process inside a kernel.
     */
    public static Dataset of(FloatBuffer features, Shape featureShape, IntBuffer labels) {
        return of(
                Field.floats("x", featureShape, features).input(),
                Field.labels("y", labels).target());
    }

    /** Makes a dataset of features [n, k], one row for each example, and a label for each. */
    public static Dataset of(float[][] features, int[] labels) {
        return of(Storage.joined("features", features), width(features), IntBuffer.wrap(labels));
    }

    /**
     * Makes a dataset of features [n, feature shape] and targets [n, target shape], for regression.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole examples, one is NaN or infinite, or
     *     the counts differ
     */
    public static Dataset of(float[] features, Shape featureShape, float[] targets, Shape targetShape) {
        return of(FloatBuffer.wrap(features), featureShape, FloatBuffer.wrap(targets), targetShape);
    }

    /**
     * Makes a dataset of features and targets for regression, from buffers as {@link #of(FloatBuffer, Shape,
     * IntBuffer)} takes them.
     */
    public static Dataset of(FloatBuffer features, Shape featureShape, FloatBuffer targets, Shape targetShape) {
        return of(
                Field.floats("x", featureShape, features).input(),
                Field.floats("y", targetShape, targets).target());
    }

    /** Makes a dataset of features [n, k] and targets [n, m] for regression, one row for each example. */
    public static Dataset of(float[][] features, float[][] targets) {
        return of(
                Storage.joined("features", features),
                width(features),
                Storage.joined("targets", targets),
                width(targets));
    }

    private static Shape width(float[][] rows) {
        return Shape.of(rows.length == 0 ? 1 : rows[0].length);
    }

    // ---- what it holds

    /** Returns the number of examples. */
    public int size() {
        return size;
    }

    /** Returns the names of the fields, in their order. */
    public List<String> fields() {
        return source.names;
    }

    /**
     * Returns the shape of one example of a field, or of one step if the field is ragged.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public Shape shape(String field) {
        return views.get(field("shape", field)).shape;
    }

    /**
     * Returns the type in which batches have a field: F32 for floats and pixels, I32 for integers and labels.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public DType dtype(String field) {
        return part("dtype", field).as() == Storage.As.FLOATS ? DType.F32 : DType.I32;
    }

    /**
     * Returns whether a field is ragged, so that each of its examples has a length of its own.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public boolean ragged(String field) {
        return source.parts.get(field("ragged", field)).ragged();
    }

    /**
     * Returns the shape of the features of one example, which are the field with the role {@link Role#INPUT}.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public Shape featureShape() {
        return shape(name(Role.INPUT));
    }

    /**
     * Returns the role of a field.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public Role role(String field) {
        return part("role", field).role();
    }

    /**
     * Returns the name of the field with a role.
     *
     * @throws IllegalArgumentException if there is no such field
     */
    public String name(Role role) {
        return part("name", role).name();
    }

    private int field(String op, String name) {
        int i = source.names.indexOf(name);
        if (i < 0) {
            throw new IllegalArgumentException(
                    op + ": this dataset has no field " + name + "; it has " + source.names + ", so name one of them");
        }
        return i;
    }

    /** The field of this name. */
    private Storage.Part part(String op, String name) {
        return source.parts.get(field(op, name));
    }

    /** The field with this role. */
    Storage.Part part(String op, Role role) {
        int i = role == Role.INPUT ? source.x : role == Role.TARGET ? source.y : -1;
        if (i < 0) {
            throw Batch.without(op, role, source.names);
        }
        return source.parts.get(i);
    }

    /**
     * Returns the number of classes: the largest label of the whole dataset plus one, even if this part of it lacks
     * some, unless {@link #withClasses} or the file it was read from says that there are more; 0 if the target has no
     * labels.
     */
    public int classes() {
        return classes;
    }

    /**
     * Returns the label of example {@code i}.
     *
     * @throws IllegalArgumentException if there is no such example, or the targets are floats
     */
    public int label(int i) {
        checkIndex("label", i);
        if (classes == 0) {
            throw unlabeled("label", "; read them from a batch");
        }
        enter();
        try {
            return source.label(rows.get(i));
        } finally {
            exit();
        }
    }

    /**
     * Returns the labels of all examples, such as those by which {@code Folds.stratified} divides them.
     *
     * @throws IllegalArgumentException if the targets are floats
     */
    public int[] labels() {
        if (classes == 0) {
            throw unlabeled("labels", "; read them from batches");
        }
        int[] labels = new int[size];
        enter();
        try {
            for (int i = 0; i < size; i++) {
                labels[i] = source.label(rows.get(i));
            }
        } finally {
            exit();
        }
        return labels;
    }

    private IllegalArgumentException unlabeled(String op, String fix) {
        Storage.Part targets = part(op, Role.TARGET);
        return new IllegalArgumentException(op + ": the targets of this dataset are "
                + (targets.as() == Storage.As.FLOATS ? "floats " : "integers ") + targets.shape() + fix);
    }

    /**
     * Returns the bytes of example {@code i} as they were given, to draw it.
     *
     * @throws IllegalArgumentException if there is no such example, or the features are floats
     */
    public byte[] pixels(int i) {
        checkIndex("pixels", i);
        Storage.Part features = part("pixels", Role.INPUT);
        if (features.dtype() != DType.U8 || features.ragged()) {
            throw new IllegalArgumentException("pixels: the features of this dataset are "
                    + (features.dtype() == DType.F32 ? "floats" : "integers") + "; read them from a batch");
        }
        byte[] pixels = new byte[features.columns()];
        enter();
        try {
            source.row(source.x, rows.get(i)).get(pixels);
        } finally {
            exit();
        }
        return pixels;
    }

    /**
     * Returns gathered features, such as those of an augmented batch, as bytes to draw them: (x - shift) / scale,
     * rounded and limited to 0 to 255.
     *
     * @throws IllegalArgumentException if there are no whole examples, or the features are floats
     */
    public byte[] pixels(float[] x) {
        checkBytes("pixels");
        Storage.Part features = part("pixels", Role.INPUT);
        Scaling scaling = views.get(source.x).scaling;
        if (x.length % features.columns() != 0) {
            throw new IllegalArgumentException("pixels: " + x.length + " numbers are not whole examples "
                    + features.shape() + "; give all of a batch's");
        }
        byte[] pixels = new byte[x.length];
        for (int i = 0; i < x.length; i++) {
            int c = i % scaling.channels();
            float value = (x[i] - scaling.shift[c]) / scaling.scale[c];
            pixels[i] = (byte) Math.max(0, Math.min(255, Math.round(value)));
        }
        return pixels;
    }

    private void checkIndex(String op, int i) {
        if (i < 0 || i >= size) {
            throw new IllegalArgumentException(
                    op + ": example " + i + " is outside [0, " + size + "); give the number of one that exists");
        }
    }

    /**
     * Returns a short form such as {@code Dataset [60000, 28, 28] of U8, 10 classes}, or with other fields
     * {@code Dataset of 500 examples, x [*] of I32, 2 classes}.
     */
    @Override
    public String toString() {
        if (source.isPair() && source.parts.get(source.y).as() != Storage.As.INTS) {
            return "Dataset " + shown("" + size, featureShape()) + " of "
                    + source.parts.get(source.x).dtype() + ", "
                    + (classes > 0 ? classes + " classes" : "targets " + views.get(source.y).shape);
        }
        StringBuilder s = new StringBuilder("Dataset of " + size + (size == 1 ? " example" : " examples"));
        for (int i = 0; i < views.size(); i++) {
            Storage.Part part = source.parts.get(i);
            if (i != source.y || classes == 0) {
                Shape shape = views.get(i).shape;
                s.append(", ").append(part.name()).append(' ');
                s.append(part.ragged() ? shown("*", shape) : shape.toString());
                s.append(" of ").append(part.dtype());
            }
        }
        return s + (classes > 0 ? ", " + classes + " classes" : "");
    }

    private static String shown(String first, Shape rest) {
        return rest.rank() == 0
                ? "[" + first + "]"
                : "[" + first + ", " + rest.toString().substring(1);
    }

    // ---- parts

    /**
     * Two parts of a dataset.
     *
     * @param rest the examples that were not held out
     * @param heldOut the examples that were held out
     */
    public record Split(Dataset rest, Dataset heldOut) {}

    /**
     * Holds {@code count} randomly chosen examples out, for validation. Both parts keep the order of the whole; the
     * choice depends on {@code seed} alone.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count < size()}
     */
    public Split split(int count, long seed) {
        return split(RowSampling.split(size, count, seed, "examples"));
    }

    /**
     * Holds {@code count} randomly chosen examples out and keeps the shares of the classes: of a class with k examples,
     * {@code count k / size()} are held out, rounded down or up. Both parts keep the order of the whole; the choice
     * depends on {@code seed} alone.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count < size()}, or if the targets are floats
     */
    public Split stratified(int count, long seed) {
        if (classes == 0) {
            throw unlabeled("stratified", ", not classes; use split");
        }
        return split(RowSampling.stratified(labels(), classes, count, seed, "examples"));
    }

    private Split split(RowSampling.Parts parts) {
        Dataset rest = subset(parts.rest());
        try {
            return new Split(rest, subset(parts.heldOut()));
        } catch (RuntimeException | Error e) {
            rest.close();
            throw e;
        }
    }

    /**
     * Returns examples {@code from} to {@code to - 1}.
     *
     * @throws IllegalArgumentException unless {@code 0 <= from < to <= size()}
     */
    public Dataset take(int from, int to) {
        if (from < 0 || from >= to || to > size) {
            throw new IllegalArgumentException("take: " + from + " to " + to + " is no part of " + size
                    + " examples; choose 0 <= from < to <= " + size);
        }
        return view(from, null, to - from, views, change, classes);
    }

    /**
     * Returns the examples of these numbers, in this order. A number may come more than once.
     *
     * @throws IllegalArgumentException if there are none, or one does not exist
     */
    public Dataset subset(int... examples) {
        if (examples.length == 0) {
            throw new IllegalArgumentException("subset: there are no examples; give at least one");
        }
        for (int i : examples) {
            checkIndex("subset", i);
        }
        return view(0, examples, examples.length, views, change, classes);
    }

    /**
     * Returns a dataset of these examples that knows of this many classes, for labels that lack the last ones:
     * {@link #classes}, one-hot targets of a mixing augmentation and shares of classes then count them, too.
     *
     * @throws IllegalArgumentException if the dataset has no labels, or has some of more classes
     */
    public Dataset withClasses(int count) {
        if (classes == 0) {
            throw unlabeled("withClasses", "; only labels have classes");
        }
        if (count < source.seen()) {
            throw new IllegalArgumentException("withClasses: " + count + " classes, but a label is "
                    + (source.seen() - 1) + "; give at least " + source.seen());
        }
        return view(0, null, size, views, change, count);
    }

    /** Returns a dataset of these examples as vectors: the feature shape becomes [product of the dimensions]. */
    public Dataset flattened() {
        return reshaped(part("flattened", Role.INPUT).columns());
    }

    /**
     * Returns a dataset of these examples with features of another shape: images [28, 28] as [28, 28, 1], for example,
     * for convolutions.
     *
     * @throws IllegalArgumentException if the new shape does not have as many values
     */
    public Dataset reshaped(int... dims) {
        Shape shape = Shape.of(dims);
        part("reshaped", Role.INPUT);
        Shape before = views.get(source.x).shape;
        if (shape.size() != before.size()) {
            throw new IllegalArgumentException("reshaped: " + shape + " has " + shape.size() + " values but " + before
                    + " has " + before.size() + "; give a shape of as many");
        }
        View x = views.get(source.x);
        return with(source.x, new View(shape, x.scaling, x.padding));
    }

    /**
     * Returns a dataset of these examples with x = value scale + shift for a value of 0 to 255.
     *
     * @throws IllegalArgumentException if the features are floats, or a number is not finite
     */
    public Dataset scaled(float scale, float shift) {
        checkBytes("scaled");
        if (!Float.isFinite(scale) || !Float.isFinite(shift)) {
            throw new IllegalArgumentException("scaled: scale=" + scale + " shift=" + shift + "; both must be finite");
        }
        return scaled(new float[] {scale}, new float[] {shift});
    }

    private Dataset scaled(float[] scale, float[] shift) {
        View x = views.get(source.x);
        return with(source.x, new View(x.shape, new Scaling(scale, shift), x.padding));
    }

    /**
     * Returns a dataset of these examples whose batches pad the ragged field of this name as {@code padding} says.
     *
     * @throws IllegalArgumentException if there is no such field, it is not ragged, or it has integers and the value is
     *     no whole number
     */
    public Dataset padded(String field, Padding padding) {
        int i = field("padded", field);
        Storage.Part part = source.parts.get(i);
        if (!part.ragged()) {
            throw new IllegalArgumentException(
                    "padded: the field " + field + " is not ragged; all examples are " + part.shape());
        }
        if (part.as() == Storage.As.INTS && padding.value() != (int) padding.value()) {
            throw new IllegalArgumentException(
                    "padded: value=" + padding.value() + " for the integers of " + field + "; give a whole number");
        }
        return with(i, new View(views.get(i).shape, views.get(i).scaling, padding));
    }

    /**
     * Returns a dataset of these examples whose batches go through {@code change} after they are gathered and
     * augmented. It runs in the pass of the step and is meant for preprocessing by tensor ops. It sees all fields and
     * may add some, but it keeps the number of examples. Every user of the batches sees the change, evaluation
     * included. A change that draws random numbers takes them from the stream of the pass,
     * {@code Pass.current().rng()}: in training these are new in every step, and an evaluation draws the same ones
     * every time.
     *
     * <pre>{@code
     * text.map(b -> b.withY(b.x().slice(1, 1, 65)).withX(b.x().slice(1, 0, 64)))
     * }</pre>
     */
    public Dataset map(UnaryOperator<Batch> change) {
        UnaryOperator<Batch> before = this.change;
        return view(0, null, size, views, b -> change.apply(before.apply(b)), classes);
    }

    private Dataset with(int field, View view) {
        List<View> all = new ArrayList<>(views);
        all.set(field, view);
        return view(0, null, size, all, change, classes);
    }

    /**
     * Returns a dataset of these examples with x = (value / 255 - mean) / std for a value of 0 to 255. Mean and std are
     * one number for all channels, or one for each channel of images [height, width, channels], such as {0.4914f,
     * 0.4822f, 0.4465f} and {0.2470f, 0.2435f, 0.2616f} for CIFAR-10.
     *
     * @throws IllegalArgumentException if the features are floats, there is another number of means or of deviations,
     *     one is not finite, or a deviation is not positive
     */
    public Dataset normalized(float[] mean, float[] std) {
        checkBytes("normalized");
        int channels = imageChannels();
        if (mean.length != std.length || mean.length != 1 && mean.length != channels) {
            throw new IllegalArgumentException("normalized: " + mean.length + " means and " + std.length
                    + " deviations for " + channels + " channels; give one each for every channel, or for all");
        }
        float[] scale = new float[mean.length];
        float[] shift = new float[mean.length];
        for (int c = 0; c < mean.length; c++) {
            if (!Float.isFinite(mean[c]) || !(std[c] > 0 && std[c] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("normalized: mean=" + mean[c] + " std=" + std[c] + " of channel " + c
                        + "; both must be finite, and the deviation above 0");
            }
            scale[c] = (float) (1 / (255.0 * std[c]));
            shift[c] = (float) (-mean[c] / (double) std[c]);
            if (!Float.isFinite(255 * scale[c] + shift[c])) {
                throw new IllegalArgumentException("normalized: mean=" + mean[c] + " std=" + std[c] + " of channel " + c
                        + " make numbers beyond the range of a float; give those of values from 0 to 1");
            }
        }
        return scaled(scale, shift);
    }

    /**
     * Returns these examples with x = (value / 255 - mean) / std for a value of 0 to 255, one mean and one deviation
     * for all channels: {@code digits.normalized(0.1307f, 0.3081f)} for MNIST.
     *
     * @throws IllegalArgumentException if the features are floats, a number is not finite, or the deviation is not
     *     positive
     */
    public Dataset normalized(float mean, float std) {
        return normalized(new float[] {mean}, new float[] {std});
    }

    /**
     * Returns these examples normalized by the mean and the standard deviation that each channel has in {@code like}.
     * Use {@code train.normalizedBy(train)} and {@code test.normalizedBy(train)}, so that nothing of the test set leaks
     * into training.
     *
     * @throws IllegalArgumentException if the features of either are floats, they have other channels, or a channel of
     *     {@code like} is the same everywhere
     */
    public Dataset normalizedBy(Dataset like) {
        like.checkBytes("normalized");
        if (like.imageChannels() != imageChannels()) {
            throw new IllegalArgumentException("normalized: images of " + imageChannels() + " channels like those of "
                    + like.imageChannels() + "; give a dataset of images of the same kind");
        }
        like.enter();
        try {
            Moments m = like.moments;
            if (m == null) {
                m = like.moments();
                like.moments = m;
            }
            return normalized(m.mean, m.std);
        } finally {
            like.exit();
        }
    }

    /** Of each channel. */
    private record Moments(float[] mean, float[] std) {}

    private Moments moments() {
        int channels = imageChannels();
        long[][] counts = new long[channels][256];
        byte[] pixels = new byte[part("normalized", Role.INPUT).columns()];
        for (int i = 0; i < size; i++) {
            source.row(source.x, rows.get(i)).get(pixels);
            for (int c = 0; c < channels; c++) {
                long[] count = counts[c];
                for (int j = c; j < pixels.length; j += channels) {
                    count[pixels[j] & 0xff]++;
                }
            }
        }
        float[] mean = new float[channels];
        float[] std = new float[channels];
        for (int c = 0; c < channels; c++) {
            double n = (double) size * pixels.length / channels;
            double sum = 0;
            double squares = 0;
            for (int value = 0; value < 256; value++) {
                sum += (double) counts[c][value] * value;
                squares += (double) counts[c][value] * value * value;
                if (counts[c][value] == n) {
                    throw new IllegalArgumentException("normalized: channel " + c + " is " + value
                            + " everywhere, which no scale gives a deviation of 1; use scaled");
                }
            }
            mean[c] = (float) (sum / n / 255);
            std[c] = (float) (Math.sqrt(Math.max(0, squares / n - sum / n * (sum / n))) / 255);
        }
        return new Moments(mean, std);
    }

    private void checkBytes(String op) {
        Storage.Part features = part(op, Role.INPUT);
        if (features.dtype() != DType.U8 || features.as() != Storage.As.FLOATS) {
            throw new IllegalArgumentException(op + ": the features of this dataset are "
                    + (features.as() == Storage.As.FLOATS
                            ? "floats; scale them before Dataset.of"
                            : "integers, which stay as they are"));
        }
    }

    /** Channels of the images, also where they were flattened; 1 where their shape has none. */
    private int imageChannels() {
        Shape given = part("normalized", Role.INPUT).shape();
        Shape featureShape = featureShape();
        return featureShape.rank() == 3 ? featureShape.dim(2) : given.rank() == 3 ? given.dim(2) : 1;
    }

    private Dataset view(
            int from, int @Nullable [] examples, int n, List<View> views, UnaryOperator<Batch> change, int classes) {
        enter();
        try {
            Block list = list(n, views);
            IntBuffer to = list.view(0, 4L * n).asIntBuffer();
            if (examples == null) {
                to.put(rows.slice(from, n));
            } else {
                for (int i = 0; i < n; i++) {
                    to.put(i, rows.get(examples[i]));
                }
            }
            source.enter();
            return new Dataset(source, list, n, views, change, classes);
        } finally {
            exit();
        }
    }

    // ---- batches

    /** What the tensors of a batch may take in an evaluation that is not told how large its batches are. */
    private static final long EVALUATION_BYTES = 64L << 20;

    /** From here on larger batches are no faster. */
    private static final int EVALUATION_EXAMPLES = 1024;

    /** By how much a batch may be larger than the one that was measured before it. */
    private static final int GROWTH = 16;

    /**
     * Hands all examples in order to {@code body}, in batches as large as its memory allows, as {@link Batches#forEach}
     * does for batches of a given size. The first batch has one example, and the tensors that {@code body} made for a
     * batch decide about the size of the next one: they should take no more than 64 MiB, and a batch has no more than
     * 1,024 examples. What a net says of an example does not depend on the size of its batch. The size changes only how
     * sums over batches are rounded, and which numbers a net draws. It depends on the net, the data and the instruction
     * set alone.
     */
    public void forEach(Consumer<Batch> body) {
        Batches.Epoch epoch = batches(1).epoch(0);
        int next = 1;
        for (int from = 0; from < size; ) {
            int n = Math.min(next, size - from);
            long each = Math.max(1, epoch.infer(from, n, body) / n);
            from += n;
            next = (int) Math.max(1, Math.min(EVALUATION_BYTES / each, Math.min(GROWTH * n, EVALUATION_EXAMPLES)));
        }
    }

    /**
     * Returns all examples in order, {@code size} at a time, in the same order in every epoch.
     *
     * @throws IllegalArgumentException unless {@code 1 <= size <= size()}
     */
    public Batches batches(int size) {
        return new Batches(shuffled(0), size, false);
    }

    /** Deals out the examples in a new random order for every epoch, which depends only on the epoch: the seed is 0. */
    public Order shuffled() {
        return shuffled(0);
    }

    /** Deals out the examples in a new random order for every epoch, which depends only on the seed and the epoch. */
    public Order shuffled(long seed) {
        return new Order(this, seed, false);
    }

    /**
     * Draws as many examples as there are, with replacement and anew for every epoch (a bootstrap sample): some
     * examples come twice or more, and 37 % of a large dataset do not come at all. The draws depend only on the seed
     * and the epoch.
     */
    public Order withReplacement(long seed) {
        return new Order(this, seed, true);
    }

    /**
     * A dataset that is dealt out in a random order.
     *
     * @param data the examples
     * @param seed of the orders
     * @param replacement whether an example may come again within an epoch
     */
    public record Order(Dataset data, long seed, boolean replacement) {
        /**
         * Returns batches of {@code size} examples, with {@code data.size()} examples in each epoch.
         *
         * @throws IllegalArgumentException unless {@code 1 <= size <= data.size()}
         */
        public Batches batches(int size) {
            return new Batches(this, size, true);
        }
    }

    // ---- for Batches

    Storage source() {
        return source;
    }

    /** The row numbers, I32. */
    long index() {
        return index.address();
    }

    IntBuffer rows() {
        return rows;
    }

    /** The scales and shifts of a field as the gather kernel takes them. */
    long norm(int field) {
        long at = index.address() + aligned(size);
        for (int i = 0; i < field; i++) {
            at += views.get(i).scaling.bytes();
        }
        return at;
    }

    int channels(int field) {
        return views.get(field).scaling.channels();
    }

    Shape shape(int field) {
        return views.get(field).shape;
    }

    /** How many steps example {@code i} has in a ragged field. */
    long length(String field, int i) {
        return source.steps(field("length", field), rows.get(i));
    }

    Padding padding(int field) {
        return views.get(field).padding;
    }

    /** What {@link #map} makes of a batch. */
    Batch changed(Batch batch) {
        return change.apply(batch);
    }

    // ---- life

    /** Keeps the memory until {@link #exit}. */
    synchronized void enter() {
        if (closed) {
            throw new IllegalStateException(
                    "dataset is closed: it was closed at " + OffHeap.render(closedAt) + "; use it before the close");
        }
        readers++;
    }

    synchronized void exit() {
        if (--readers == 0 && closed) {
            free();
        }
    }

    /**
     * Closes this dataset as soon as no gather reads it. Datasets made from it stay open. Closing twice does nothing.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closedAt = OffHeap.callSite();
        if (readers == 0) {
            free();
        }
    }

    private void free() {
        index.release();
        source.exit();
    }
}
