package dev.fathom.data;

import dev.fathom.io.Idx;
import dev.fathom.memory.Block;
import dev.fathom.memory.Memory;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Shape;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Examples off the heap: features [size, feature shape], bytes or floats, and a class label or float targets for each. Bytes become floats
 * as they are gathered into a batch: x = value scale + shift, with 1/255 and 0 unless {@link #scaled} says otherwise.
 *
 * <p>{@link #split}, {@link #take}, {@link #subset}, {@link #flattened} and {@link #scaled} give datasets over the same memory: they cost four bytes
 * an example. Each may be closed by itself; the memory goes back when the last is closed, or collected after one was.
 *
 * <p>Any thread may use it. Every method but {@link #close} throws IllegalStateException, saying where it was closed, once it is.
 */
public final class Dataset implements AutoCloseable {
    private final Source source;
    private final Block index;
    private final IntBuffer rows;
    private final int size;
    private final Shape featureShape;
    private final float scale;
    private final float shift;
    private int readers;
    private boolean closed;
    private @Nullable Object closedAt;

    /** Takes over one use of {@code source} and the row numbers in {@code index}. */
    private Dataset(Source source, Block index, int size, Shape featureShape, float scale, float shift) {
        this.source = source;
        this.index = index;
        this.rows = index.view(0, 4L * size).asIntBuffer();
        this.size = size;
        this.featureShape = featureShape;
        this.scale = scale;
        this.shift = shift;
    }

    private static Dataset all(Source source, Shape featureShape) {
        Block index = Source.unreported("dataset", 4L * source.rows);
        IntBuffer to = index.view(0, 4L * source.rows).asIntBuffer();
        for (int i = 0; i < source.rows; i++) {
            to.put(i, i);
        }
        return new Dataset(source, index, source.rows, featureShape, 1f / 255, 0);
    }

    // ---- making

    /**
     * Images and their labels from two idx files, plain or gzip, as MNIST and its kin come. There are as many classes as the largest
     * label says.
     *
     * @throws IllegalArgumentException if a file is damaged, the two do not hold equally many examples, or there are none
     * @throws java.io.UncheckedIOException if one cannot be read
     */
    public static Dataset idx(Path images, Path labels) {
        Idx x = Idx.read(images);
        Idx y = Idx.read(labels);
        Shape shape = x.shape();
        if (shape.rank() < 2 || y.shape().rank() != 1) {
            throw new IllegalArgumentException("idx: images must have two dimensions or more and labels one, but "
                    + images + " is " + shape + " and " + labels + " is " + y.shape() + "; give the images first");
        }
        int n = shape.dim(0);
        Shape feature = Shape.of(Arrays.copyOfRange(shape.toArray(), 1, shape.rank()));
        check("idx", n, feature);
        counts("idx", n, y.shape().dim(0), "labels");
        Block block = Source.block(n, DType.U8, feature.size(), DType.U8, 1);
        try {
            x.copyTo(block, 0);
            byte[] values = y.toArray();
            int classes = 0;
            for (byte label : values) {
                classes = Math.max(classes, (label & 0xff) + 1);
            }
            block.view(Source.targetOffset(n, DType.U8, feature.size()), n).put(values);
            return all(new Source(block, n, DType.U8, (int) feature.size(), DType.U8, Shape.SCALAR, classes), feature);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    /**
     * Images [n, image shape] as unsigned bytes, and a label for each.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole images, a label is negative, or the counts differ
     */
    public static Dataset images(byte[] pixels, Shape imageShape, int[] labels) {
        int n = examples("images", pixels.length, imageShape);
        counts("images", n, labels.length, "labels");
        int classes = classes("images", labels);
        Block block = Source.block(n, DType.U8, imageShape.size(), DType.I32, 1);
        put(block, 0, pixels);
        put(block, Source.targetOffset(n, DType.U8, imageShape.size()), labels);
        return all(
                new Source(block, n, DType.U8, (int) imageShape.size(), DType.I32, Shape.SCALAR, classes), imageShape);
    }

    /**
     * Features [n, feature shape], example after example, and a label for each; there are as many classes as the largest label says.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole examples, one is NaN or infinite, a label is negative, or the counts
     *     differ
     */
    public static Dataset of(float[] features, Shape featureShape, int[] labels) {
        int n = examples("of", features.length, featureShape);
        counts("of", n, labels.length, "labels");
        finite("features", features, featureShape);
        int classes = classes("of", labels);
        Block block = Source.block(n, DType.F32, featureShape.size(), DType.I32, 1);
        put(block, 0, features);
        put(block, Source.targetOffset(n, DType.F32, featureShape.size()), labels);
        return all(
                new Source(block, n, DType.F32, (int) featureShape.size(), DType.I32, Shape.SCALAR, classes),
                featureShape);
    }

    /** The same with one row per example. */
    public static Dataset of(float[][] features, int[] labels) {
        return of(joined("features", features), width(features), labels);
    }

    /**
     * Features [n, feature shape] and targets [n, target shape], for regression.
     *
     * @throws IllegalArgumentException if there are none, they do not fill whole examples, one is NaN or infinite, or the counts differ
     */
    public static Dataset of(float[] features, Shape featureShape, float[] targets, Shape targetShape) {
        int n = examples("of", features.length, featureShape);
        counts("of", n, examples("of", targets.length, targetShape), "targets");
        finite("features", features, featureShape);
        finite("targets", targets, targetShape);
        Block block = Source.block(n, DType.F32, featureShape.size(), DType.F32, targetShape.size());
        put(block, 0, features);
        put(block, Source.targetOffset(n, DType.F32, featureShape.size()), targets);
        return all(new Source(block, n, DType.F32, (int) featureShape.size(), DType.F32, targetShape, 0), featureShape);
    }

    /** The same with one row per example. */
    public static Dataset of(float[][] features, float[][] targets) {
        return of(joined("features", features), width(features), joined("targets", targets), width(targets));
    }

    private static void check(String op, int n, Shape shape) {
        if (shape.rank() >= Shape.MAX_RANK || shape.size() == 0 || shape.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(op + ": an example cannot have the shape " + shape + "; it has at most "
                    + (Shape.MAX_RANK - 1) + " dimensions, none of them 0, and fewer than 2^31 values");
        }
        if (n == 0) {
            throw new IllegalArgumentException(op + ": there are no examples; give at least one");
        }
        if (n > Source.MOST_ROWS) {
            throw new IllegalArgumentException(
                    op + ": " + n + " examples are too many for one dataset; give at most " + Source.MOST_ROWS);
        }
    }

    private static int examples(String op, int values, Shape shape) {
        check(op, 1, shape);
        if (values % shape.size() != 0) {
            throw new IllegalArgumentException(op + ": " + values + " values are not whole examples of shape " + shape
                    + ", which take " + shape.size() + " each; give a multiple of that");
        }
        int n = (int) (values / shape.size());
        check(op, n, shape);
        return n;
    }

    private static void counts(String op, int examples, int others, String what) {
        if (examples != others) {
            throw new IllegalArgumentException(
                    op + ": there are " + examples + " examples but " + others + " " + what + "; give one for each");
        }
    }

    private static int classes(String op, int[] labels) {
        int classes = 0;
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] == Integer.MAX_VALUE) {
                throw new IllegalArgumentException(op + ": label " + labels[i] + " of example " + i
                        + " is out of range; number the classes from 0");
            }
            classes = Math.max(classes, labels[i] + 1);
        }
        return classes;
    }

    private static void finite(String what, float[] values, Shape shape) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("of: " + what + " row " + i / shape.size() + ", column "
                        + i % shape.size() + " is " + values[i] + "; replace it, or leave the example out");
            }
        }
    }

    private static Shape width(float[][] rows) {
        return Shape.of(rows.length == 0 ? 1 : rows[0].length);
    }

    private static float[] joined(String what, float[][] rows) {
        int width = rows.length == 0 ? 0 : rows[0].length;
        if ((long) rows.length * width > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("of: " + rows.length + " rows of " + width + " " + what
                    + " are more than an array can hold; use fewer");
        }
        float[] values = new float[rows.length * width];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("of: " + what + " row " + i + " has " + rows[i].length
                        + " values but row 0 has " + width + "; give all rows the same length");
            }
            System.arraycopy(rows[i], 0, values, i * width, width);
        }
        return values;
    }

    private static final int CHUNK = 1 << 26;

    private static void put(Block block, long offset, byte[] values) {
        for (int i = 0; i < values.length; i += CHUNK) {
            int n = Math.min(CHUNK, values.length - i);
            block.view(offset + i, n).put(values, i, n);
        }
    }

    private static void put(Block block, long offset, int[] values) {
        for (int i = 0; i < values.length; i += CHUNK) {
            int n = Math.min(CHUNK, values.length - i);
            block.view(offset + 4L * i, 4L * n).asIntBuffer().put(values, i, n);
        }
    }

    private static void put(Block block, long offset, float[] values) {
        for (int i = 0; i < values.length; i += CHUNK) {
            int n = Math.min(CHUNK, values.length - i);
            block.view(offset + 4L * i, 4L * n).asFloatBuffer().put(values, i, n);
        }
    }

    // ---- what it holds

    /** How many examples. */
    public int size() {
        return size;
    }

    /** The shape of the features of one example. */
    public Shape featureShape() {
        return featureShape;
    }

    /** How many classes the labels of the whole have (the largest label and one), also where this part lacks some; 0 for float targets. */
    public int classes() {
        return source.classes;
    }

    /**
     * The label of example {@code i}.
     *
     * @throws IllegalArgumentException if there is no such example, or the targets are floats
     */
    public int label(int i) {
        checkIndex("label", i);
        if (source.classes == 0) {
            throw new IllegalArgumentException(
                    "label: the targets of this dataset are floats " + source.targetShape + "; read them from a batch");
        }
        enter();
        try {
            return source.label(rows.get(i));
        } finally {
            exit();
        }
    }

    /**
     * The bytes of example {@code i} as they were given, for pictures.
     *
     * @throws IllegalArgumentException if there is no such example, or the features are floats
     */
    public byte[] pixels(int i) {
        checkIndex("pixels", i);
        if (source.dtype != DType.U8) {
            throw new IllegalArgumentException(
                    "pixels: the features of this dataset are floats; read them from a batch");
        }
        byte[] pixels = new byte[source.columns];
        enter();
        try {
            source.row(rows.get(i)).get(pixels);
        } finally {
            exit();
        }
        return pixels;
    }

    private void checkIndex(String op, int i) {
        if (i < 0 || i >= size) {
            throw new IllegalArgumentException(
                    op + ": example " + i + " is outside [0, " + size + "); give the number of one that exists");
        }
    }

    /** Such as {@code Dataset [60000, 28, 28] of U8, 10 classes}. */
    @Override
    public String toString() {
        String examples = featureShape.rank() == 0
                ? "[" + size + "]"
                : "[" + size + ", " + featureShape.toString().substring(1);
        return "Dataset " + examples + " of " + source.dtype + ", "
                + (source.classes > 0 ? source.classes + " classes" : "targets " + source.targetShape);
    }

    // ---- parts

    /**
     * Two parts of a dataset.
     *
     * @param rest what was not held out
     * @param heldOut what was
     */
    public record Split(Dataset rest, Dataset heldOut) {}

    /**
     * Holds {@code count} randomly chosen examples out, for validation. Both parts keep the order of the whole; the choice depends on {@code seed} alone.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count < size()}
     */
    public Split split(int count, long seed) {
        if (count < 1 || count >= size) {
            throw new IllegalArgumentException("split: cannot hold " + count + " of " + size + " examples out; "
                    + (size == 1 ? "give more examples" : "choose 1 to " + (size - 1)));
        }
        int[] order = new Rng(seed).permutation(size);
        Arrays.sort(order, 0, count);
        Arrays.sort(order, count, size);
        return new Split(subset(Arrays.copyOfRange(order, count, size)), subset(Arrays.copyOf(order, count)));
    }

    /**
     * Examples {@code from} to {@code to - 1}.
     *
     * @throws IllegalArgumentException unless {@code 0 <= from < to <= size()}
     */
    public Dataset take(int from, int to) {
        if (from < 0 || from >= to || to > size) {
            throw new IllegalArgumentException("take: " + from + " to " + to + " is no part of " + size
                    + " examples; choose 0 <= from < to <= " + size);
        }
        return view(from, null, to - from, featureShape, scale, shift);
    }

    /**
     * The examples of these numbers, in this order; one may come more than once.
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
        return view(0, examples, examples.length, featureShape, scale, shift);
    }

    /** The same examples as vectors: feature shape [product of the dimensions]. */
    public Dataset flattened() {
        return view(0, null, size, Shape.of(source.columns), scale, shift);
    }

    /**
     * The same examples with x = value scale + shift for a value of 0 to 255.
     *
     * @throws IllegalArgumentException if the features are floats, or a number is not finite
     */
    public Dataset scaled(float scale, float shift) {
        if (source.dtype != DType.U8) {
            throw new IllegalArgumentException(
                    "scaled: the features of this dataset are floats; scale them before Dataset.of");
        }
        if (!Float.isFinite(scale) || !Float.isFinite(shift)) {
            throw new IllegalArgumentException("scaled: scale=" + scale + " shift=" + shift + "; both must be finite");
        }
        return view(0, null, size, featureShape, scale, shift);
    }

    private Dataset view(int from, int @Nullable [] examples, int n, Shape shape, float scale, float shift) {
        enter();
        try {
            Block list = Source.unreported("dataset", 4L * n);
            IntBuffer to = list.view(0, 4L * n).asIntBuffer();
            if (examples == null) {
                to.put(rows.slice(from, n));
            } else {
                for (int i = 0; i < n; i++) {
                    to.put(i, rows.get(examples[i]));
                }
            }
            source.enter();
            return new Dataset(source, list, n, shape, scale, shift);
        } finally {
            exit();
        }
    }

    // ---- batches

    /**
     * All examples in order, {@code size} at a time, the same in every epoch.
     *
     * @throws IllegalArgumentException unless {@code 1 <= size <= size()}
     */
    public Batches batches(int size) {
        return new Batches(this, size, false, 0, false);
    }

    /** The examples in a new random order for every epoch, which depends on seed 0 and the epoch alone. */
    public Shuffled shuffled() {
        return shuffled(0);
    }

    /** The examples in a new random order for every epoch, which depends on the seed and the epoch alone. */
    public Shuffled shuffled(long seed) {
        return new Shuffled(this, seed);
    }

    /**
     * A dataset that is dealt out in a random order.
     *
     * @param data the examples
     * @param seed of the orders
     */
    public record Shuffled(Dataset data, long seed) {
        /**
         * All examples, {@code size} at a time.
         *
         * @throws IllegalArgumentException unless {@code 1 <= size <= data.size()}
         */
        public Batches batches(int size) {
            return new Batches(data, size, true, seed, false);
        }
    }

    // ---- for Batches

    Source source() {
        return source;
    }

    /** The row numbers, I32. */
    long index() {
        return index.address();
    }

    float scale() {
        return scale;
    }

    float shift() {
        return shift;
    }

    // ---- life

    /** Keeps the memory until {@link #exit}. */
    synchronized void enter() {
        if (closed) {
            throw new IllegalStateException(
                    "dataset is closed: it was closed at " + Memory.render(closedAt) + "; use it before the close");
        }
        readers++;
    }

    synchronized void exit() {
        if (--readers == 0 && closed) {
            free();
        }
    }

    /**
     * Gives this dataset's part back, as soon as no gather reads it; datasets made from it stay as they are.
     *
     * @throws IllegalStateException if it is closed already
     */
    @Override
    public synchronized void close() {
        if (closed) {
            throw new IllegalStateException(
                    "close: the dataset was already closed at " + Memory.render(closedAt) + "; close it once");
        }
        closed = true;
        closedAt = Memory.callSite();
        if (readers == 0) {
            free();
        }
    }

    private void free() {
        index.release();
        source.exit();
    }
}
