package dev.fathom.data;

import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tree.Records;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Named values that every example of a dataset has; {@link Dataset#of(Field...)} copies them. Trainers read the
 * {@link #input} and the {@link #target}, and a step of your own can read any field by its name.
 *
 * <pre>{@code
 * Dataset.of(
 *     Field.ragged("tokens", new int[][] {{4, 8, 15}, {16}, {23, 42}}).input(),
 *     Field.floats("age", Shape.SCALAR, new float[] {0.2f, 0.5f, 0.4f}),
 *     Field.labels("topic", 0, 1, 0).target());
 * }</pre>
 *
 * <p>A field is ragged if its examples have different lengths: their values lie one after another, and example i has
 * the steps {@code offsets[i]} to {@code offsets[i + 1] - 1}. A batch pads them to one length as {@link Padding} says.
 */
public final class Field {
    private static final int BUFFER = 1 << 16;

    final Storage.Part part;
    final HeldStorage.@Nullable Content content;
    /** Examples, or steps of all of them. */
    final int count;
    /** Of labels, how many classes there are at least. */
    final int classes;

    private Field(Storage.Part part, HeldStorage.@Nullable Content content, int count, int classes) {
        this.part = part;
        this.content = content;
        this.count = count;
        this.classes = classes;
    }

    private static Storage.Part part(String name, Storage.As as, DType dtype, Shape shape) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("field: a field needs a name, such as image");
        }
        Storage.check("field " + name, 1, shape);
        return new Storage.Part(name, Role.OTHER, as, dtype, shape, null);
    }

    /** A field of a {@link Source}. */
    private static Field of(String name, Storage.As as, DType dtype, Shape shape) {
        return new Field(part(name, as, dtype, shape), null, 0, 0);
    }

    /** A field of a source that has what another one holds, where bytes of integers are whole ones. */
    static Field like(Storage.Part p, int classes) {
        DType dtype = p.pixels() ? DType.U8 : p.as() == Storage.As.FLOATS ? DType.F32 : DType.I32;
        long[] offsets = p.ragged() ? new long[0] : null;
        return new Field(
                Records.with(p, "dtype", dtype, "offsets", offsets),
                null,
                0,
                p.as() == Storage.As.LABELS ? classes : 0);
    }

    /** Refuses fields that have the same name or the same role. */
    static void checkNames(String op, List<Field> fields) {
        if (fields.isEmpty()) {
            throw new IllegalArgumentException(op + ": there are no fields; give at least one");
        }
        for (int i = 0; i < fields.size(); i++) {
            Storage.Part p = fields.get(i).part;
            for (Field before : fields.subList(0, i)) {
                if (before.part.name().equals(p.name())) {
                    throw new IllegalArgumentException(
                            op + ": two fields are called " + p.name() + "; give each a name of its own");
                }
                if (p.role() != Role.OTHER && before.part.role() == p.role()) {
                    throw new IllegalArgumentException(op + ": the fields " + before.part.name() + " and " + p.name()
                            + " are both the " + p.role().word + "; mark one of them");
                }
            }
        }
    }

    /** A field of so many examples, whose values are written when a dataset is made of it. */
    static Field held(String name, Storage.As as, DType dtype, Shape shape, int examples, HeldStorage.Content values) {
        return new Field(part(name, as, dtype, shape), values, examples, 0);
    }

    private static Field of(String name, Storage.As as, DType dtype, Shape shape, Buffer values) {
        Storage.Part part = part(name, as, dtype, shape);
        if (values.remaining() % shape.size() != 0) {
            throw new IllegalArgumentException("field " + name + ": " + values.remaining()
                    + " values are not whole examples of shape " + shape + ", which take " + shape.size()
                    + " each; give a multiple of that");
        }
        return new Field(
                part,
                (block, offset) -> Block.write(block.address() + offset, values),
                (int) (values.remaining() / shape.size()),
                0);
    }

    /** Describes a field of floats of this shape for each example of a {@link Source}. */
    public static Field floats(String name, Shape shape) {
        return of(name, Storage.As.FLOATS, DType.F32, shape);
    }

    /** Describes a field of integers of this shape for each example of a {@link Source}. */
    public static Field ints(String name, Shape shape) {
        return of(name, Storage.As.INTS, DType.I32, shape);
    }

    /** Describes a field of pixels of this shape, which are unsigned bytes, for each example of a {@link Source}. */
    public static Field pixels(String name, Shape shape) {
        return of(name, Storage.As.FLOATS, DType.U8, shape);
    }

    /**
     * Describes a field with a class for each example of a {@link Source}, which must say how many {@link #classes}
     * there are.
     */
    public static Field labels(String name) {
        return of(name, Storage.As.LABELS, DType.I32, Shape.SCALAR);
    }

    /**
     * Makes a field of floats of this shape for each example.
     *
     * @throws IllegalArgumentException if the values are not whole examples
     */
    public static Field floats(String name, Shape shape, float[] values) {
        return floats(name, shape, FloatBuffer.wrap(values));
    }

    /**
     * Makes a field of floats of this shape for each example, from the values between position and limit of a buffer.
     */
    public static Field floats(String name, Shape shape, FloatBuffer values) {
        return of(name, Storage.As.FLOATS, DType.F32, shape, values);
    }

    /**
     * Makes a field of integers of this shape for each example, such as tokens. Their values are not limited.
     *
     * @throws IllegalArgumentException if the values are not whole examples
     */
    public static Field ints(String name, Shape shape, int[] values) {
        return ints(name, shape, IntBuffer.wrap(values));
    }

    /**
     * Makes a field of integers of this shape for each example, from the values between position and limit of a buffer.
     */
    public static Field ints(String name, Shape shape, IntBuffer values) {
        return of(name, Storage.As.INTS, DType.I32, shape, values);
    }

    /**
     * Makes a field of integers from 0 to 255 of this shape for each example, such as the characters of a text. Each
     * takes a byte; a batch has them as I32.
     */
    public static Field ints(String name, Shape shape, byte[] values) {
        return of(name, Storage.As.INTS, DType.U8, shape, ByteBuffer.wrap(values));
    }

    /**
     * Makes a field of pixels of this shape for each example. They are unsigned bytes, which a batch has as floats:
     * value / 255, unless the field is the input and {@link Dataset#scaled} or {@link Dataset#normalized} says
     * otherwise.
     *
     * @throws IllegalArgumentException if the values are not whole examples
     */
    public static Field pixels(String name, Shape shape, byte[] values) {
        return pixels(name, shape, ByteBuffer.wrap(values));
    }

    /**
     * Makes a field of pixels of this shape for each example, from the values between position and limit of a buffer.
     */
    public static Field pixels(String name, Shape shape, ByteBuffer values) {
        return of(name, Storage.As.FLOATS, DType.U8, shape, values);
    }

    /**
     * Makes a field of pixels of this shape for each of so many examples, read from a stream, one example after
     * another, when a dataset is made of the field.
     *
     * @throws IllegalArgumentException if {@code examples} is below 1
     */
    public static Field pixels(String name, Shape shape, int examples, Callable<InputStream> values) {
        Storage.check("field " + name, examples, shape);
        Storage.Part part = part(name, Storage.As.FLOATS, DType.U8, shape);
        long bytes = examples * part.rowBytes();
        return new Field(part, (block, offset) -> copy(name, values, block, offset, bytes), examples, 0);
    }

    private static void copy(String name, Callable<InputStream> values, Block block, long offset, long bytes) {
        try (InputStream in = values.call()) {
            byte[] buffer = new byte[BUFFER];
            for (long at = 0; at < bytes; ) {
                int n = in.read(buffer, 0, (int) Math.min(BUFFER, bytes - at));
                if (n < 0) {
                    throw new EOFException(
                            "field " + name + ": the stream ends after " + at + " of " + bytes + " bytes of pixels");
                }
                block.view(offset + at, n).put(buffer, 0, n);
                at += n;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("field " + name + ": its stream cannot be opened: " + e.getMessage(), e);
        }
    }

    /** Makes a field with a class for each example, numbered from 0. */
    public static Field labels(String name, int... classes) {
        return labels(name, IntBuffer.wrap(classes));
    }

    /** Makes a field with a class for each example from the values between position and limit of a buffer. */
    public static Field labels(String name, IntBuffer classes) {
        return of(name, Storage.As.LABELS, DType.I32, Shape.SCALAR, classes);
    }

    /**
     * Returns this field of labels with at least so many classes, of which the last may have no example.
     *
     * @throws IllegalArgumentException if the field has no labels
     */
    public Field classes(int least) {
        if (part.as() != Storage.As.LABELS) {
            throw new IllegalArgumentException(
                    "field " + part.name() + ": it has no labels, and so no classes; make it by Field.labels");
        }
        return new Field(part, content, count, least);
    }

    /** Makes a ragged field of integers: rows of different lengths, one for each example. */
    public static Field ragged(String name, int[][] rows) {
        long[] offsets = offsets(name, rows.length, i -> rows[i].length);
        IntBuffer all = IntBuffer.allocate((int) offsets[rows.length]);
        for (int[] row : rows) {
            all.put(row);
        }
        return ints(name, Shape.SCALAR, all.flip()).ragged(offsets);
    }

    /** Makes a ragged field of floats: rows of different lengths, one for each example. */
    public static Field ragged(String name, float[][] rows) {
        long[] offsets = offsets(name, rows.length, i -> rows[i].length);
        FloatBuffer all = FloatBuffer.allocate((int) offsets[rows.length]);
        for (float[] row : rows) {
            all.put(row);
        }
        return floats(name, Shape.SCALAR, all.flip()).ragged(offsets);
    }

    private static long[] offsets(String name, int n, java.util.function.IntUnaryOperator length) {
        long[] offsets = new long[n + 1];
        for (int i = 0; i < n; i++) {
            offsets[i + 1] = offsets[i] + length.applyAsInt(i);
        }
        if (offsets[n] > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("field " + name + ": " + n + " rows of " + offsets[n]
                    + " values are more than an array can hold; give a buffer and offsets");
        }
        return offsets;
    }

    /**
     * Returns a ragged field over these values: each former example becomes a step, and example i has the steps
     * {@code offsets[i]} to {@code offsets[i + 1] - 1}. An example may have none. The field of a {@link Source} has no
     * offsets: {@link Source#steps} tells the lengths.
     *
     * @param offsets one more than there are examples, from 0 up to the number of steps
     * @throws IllegalArgumentException if the offsets do not begin at 0, go back, or do not end with the last step
     */
    public Field ragged(long... offsets) {
        if (part.as() == Storage.As.LABELS || part.dtype() == DType.U8 && part.as() == Storage.As.FLOATS) {
            throw new IllegalArgumentException(
                    "field " + part.name() + ": labels and pixels cannot be ragged; use ints or floats");
        }
        if (content == null && offsets.length == 0) { // a source tells the lengths
            return new Field(Records.with(part, "offsets", offsets), null, 0, 0);
        }
        if (offsets.length == 0 || offsets[0] != 0) {
            throw new IllegalArgumentException("field " + part.name() + ": the offsets begin with "
                    + (offsets.length == 0 ? "nothing" : offsets[0]) + "; the first must be 0");
        }
        for (int i = 1; i < offsets.length; i++) {
            if (offsets[i] < offsets[i - 1]) {
                throw new IllegalArgumentException(
                        "field " + part.name() + ": offset " + i + " is " + offsets[i] + " but offset "
                                + (i - 1) + " is " + offsets[i - 1] + ", so example " + (i - 1)
                                + " would have a negative length; give ascending offsets");
            }
        }
        long last = offsets[offsets.length - 1];
        if (last != count) {
            throw new IllegalArgumentException("field " + part.name() + ": the offsets end at " + last
                    + " but there are " + count + " steps; the last offset must be their number");
        }
        return new Field(Records.with(part, "offsets", offsets.clone()), content, count, classes);
    }

    /** Returns this field as the input of nets, {@link Batch#x}. */
    public Field input() {
        return role(Role.INPUT);
    }

    /** Returns this field as the target of losses and metrics, {@link Batch#y}. */
    public Field target() {
        return role(Role.TARGET);
    }

    private Field role(Role role) {
        return new Field(Records.with(part, "role", role), content, count, classes);
    }

    int examples() {
        long[] offsets = part.offsets();
        return offsets == null ? count : offsets.length - 1;
    }
}
