package dev.fathom.data;

import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory behind a dataset and all that was made from it: its fields [rows, columns], one after another, in one
 * block; a ragged field has its steps [steps, columns] and then its offsets, I64. The pages go back when the last
 * dataset over them is closed.
 *
 * <p>A dataset that was dropped without a close costs nothing but time: the collector takes the pages back, and reports
 * them as forgotten only if none of the datasets over them was ever closed.
 */
final class Storage {
    /** One view, of 2^30 bytes, reaches all row numbers. */
    static final int MOST_ROWS = 1 << 28;

    private static final int CHUNK = 1 << 28;

    /** Of a ragged field, whose offsets take eight bytes each. */
    static final int MOST_RAGGED = (1 << 27) - 1;

    final int rows;
    final List<Part> parts;
    /** Their names. */
    final List<String> names;
    /** The numbers of the input and the target, or -1. */
    final int x;

    final int y;
    /** Of y; 0 where it has no labels. */
    final int classes;
    /** The largest label of y plus one. */
    final int seen;

    private final Block block;
    private final long[] begins;
    private final @Nullable LongBuffer[] offsets;
    private int users = 1;

    /** What a batch has of a field. */
    enum As {
        FLOATS,
        INTS,
        LABELS
    }

    /**
     * A field: what each example has, or each step of an example where there are offsets.
     *
     * @param dtype how a value is stored; a label is a scalar, U8 or I32
     * @param offsets of the steps of a ragged field
     */
    record Part(String name, Role role, As as, DType dtype, Shape shape, long @Nullable [] offsets) {
        /** Features or targets, which {@link Storage#of} names. */
        Part(DType dtype, Shape shape) {
            this("", Role.OTHER, As.FLOATS, dtype, shape, null);
        }

        Part named(String name, Role role, As as) {
            return new Part(name, role, as, dtype, shape, offsets);
        }

        /** Values of an example, or of a step. */
        int columns() {
            return (int) shape.size();
        }

        long rowBytes() {
            return shape.size() * dtype.bytes();
        }

        boolean ragged() {
            return offsets != null;
        }

        /** Examples, or steps, of {@code rows} examples. */
        private long lines(int rows) {
            return offsets == null ? rows : offsets[rows];
        }

        /** Of {@code rows} examples, 64-byte aligned. */
        private long bytes(int rows) {
            return offsetsAt(rows) + (offsets == null ? 0 : 8L * (rows + 1) + 63 & -64L);
        }

        private long offsetsAt(int rows) {
            return lines(rows) * rowBytes() + 63 & -64L;
        }
    }

    /** Writes all values of a part, row-major, into a block from an offset on. */
    interface Content {
        void copyTo(Block block, long offset);
    }

    private Storage(String op, Block block, int rows, List<Part> parts, List<Content> contents, int classes) {
        this.block = block;
        this.rows = rows;
        this.parts = List.copyOf(parts);
        names = parts.stream().map(Part::name).toList();
        x = place(Role.INPUT);
        y = place(Role.TARGET);
        begins = new long[parts.size() + 1];
        offsets = new LongBuffer[parts.size()];
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            begins[i + 1] = begins[i] + part.bytes(rows);
            contents.get(i).copyTo(block, begins[i]);
            finite(op, i);
            if (part.offsets != null) {
                offsets[i] = block.view(begins[i] + part.offsetsAt(rows), 8L * (rows + 1))
                        .asLongBuffer()
                        .put(part.offsets);
            }
        }
        int most = 0;
        for (int i = 0; i < parts.size(); i++) {
            int labels = parts.get(i).as == As.LABELS ? classes(op, i) : 0;
            most = i == y ? labels : most;
        }
        seen = most;
        this.classes = most == 0 ? 0 : Math.max(classes, most);
        block.lease();
    }

    /** The number of the field with this role, or -1. */
    final int place(Role role) {
        return parts.stream().map(Part::role).toList().indexOf(role);
    }

    /** Whether there are an input and a target, neither of them ragged, and no more. */
    boolean isPair() {
        return parts.size() == 2 && x >= 0 && y >= 0 && parts.stream().noneMatch(Part::ragged);
    }

    // ---- making

    /**
     * Copies {@code n} examples into memory of their own and checks them: floats are finite, labels are classes.
     *
     * @param classes how many there are at least
     * @throws IllegalArgumentException with the first that is wrong
     */
    static Storage of(String op, int n, Part features, Content x, Part targets, Content y, int classes) {
        As as = targets.dtype == DType.F32 ? As.FLOATS : As.LABELS;
        return of(
                op,
                n,
                List.of(features.named("x", Role.INPUT, As.FLOATS), targets.named("y", Role.TARGET, as)),
                List.of(x, y),
                classes);
    }

    static Storage of(String op, int n, List<Part> parts, List<Content> contents, int classes) {
        Block block =
                new Block("dataset", parts.stream().mapToLong(p -> p.bytes(n)).sum());
        try {
            return new Storage(op, block, n, parts, contents, classes);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    /**
     * Copies and checks {@code n} examples from the values between the positions and the limits of two buffers, which
     * do not move.
     */
    static Storage of(String op, int n, Shape feature, Buffer x, Shape target, Buffer y, int classes) {
        return of(op, n, part(feature, x), content(x), part(target, y), content(y), classes);
    }

    private static Part part(Shape shape, Buffer values) {
        return new Part(
                values instanceof FloatBuffer ? DType.F32 : values instanceof IntBuffer ? DType.I32 : DType.U8, shape);
    }

    private static Content content(Buffer values) {
        return (block, offset) -> Block.write(block.address() + offset, values);
    }

    /**
     * How many examples of {@code shape} there are in {@code values} numbers.
     *
     * @throws IllegalArgumentException unless they are whole examples, one at least
     */
    static int examples(String op, int values, Shape shape) {
        check(op, 1, shape);
        if (values % shape.size() != 0) {
            throw new IllegalArgumentException(op + ": " + values + " values are not whole examples of shape " + shape
                    + ", which take " + shape.size() + " each; give a multiple of that");
        }
        int n = (int) (values / shape.size());
        check(op, n, shape);
        return n;
    }

    static void check(String op, int n, Shape shape) {
        if (shape.rank() >= Shape.MAX_RANK || shape.size() == 0 || shape.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(op + ": an example cannot have the shape " + shape + "; it has at most "
                    + (Shape.MAX_RANK - 1) + " dimensions, none of them 0, and fewer than 2^31 values");
        }
        if (n == 0) {
            throw new IllegalArgumentException(op + ": there are no examples; give at least one");
        }
        if (n > MOST_ROWS) {
            throw new IllegalArgumentException(
                    op + ": " + n + " examples are too many for one dataset; give at most " + MOST_ROWS);
        }
    }

    static void counts(String op, int examples, int others, String what) {
        if (examples != others) {
            throw new IllegalArgumentException(
                    op + ": there are " + examples + " examples but " + others + " " + what + "; give one for each");
        }
    }

    /** Rows of equal length, one after another. */
    static FloatBuffer joined(String what, float[][] rows) {
        int width = rows.length == 0 ? 0 : rows[0].length;
        if ((long) rows.length * width > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("of: " + rows.length + " rows of " + width + " " + what
                    + " are more than an array can hold; use fewer");
        }
        FloatBuffer values = FloatBuffer.allocate(rows.length * width);
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("of: " + what + " row " + i + " has " + rows[i].length
                        + " values but row 0 has " + width + "; give all rows the same length");
            }
            values.put(rows[i]);
        }
        return values.flip();
    }

    private void finite(String op, int i) {
        Part part = parts.get(i);
        if (part.dtype != DType.F32) {
            return;
        }
        int columns = part.columns();
        long size = part.lines(rows) * columns;
        for (long at = 0; at < size; ) {
            int n = (int) Math.min(CHUNK, size - at);
            FloatBuffer values = block.view(begins[i] + 4 * at, 4L * n).asFloatBuffer();
            for (int k = 0; k < n; k++) {
                if (!Float.isFinite(values.get(k))) {
                    String what = i == x ? "features" : i == y ? "targets" : "field " + part.name;
                    throw new IllegalArgumentException(op + ": " + what + (part.ragged() ? " step " : " row ")
                            + (at + k) / columns + ", column " + (at + k) % columns + " is " + values.get(k)
                            + "; replace it, or leave the example out");
                }
            }
            at += n;
        }
    }

    private int classes(String op, int part) {
        int most = -1;
        for (int i = 0; i < rows; i++) {
            int label = label(part, i);
            if (label < 0 || label == Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        op + ": label " + label + " of example " + i + " is out of range; number the classes from 0");
            }
            most = Math.max(most, label);
        }
        return most + 1;
    }

    // ---- reading

    /** Where the values of a field lie. */
    long address(int part) {
        return block.address() + begins[part];
    }

    /** The first step of an example of a ragged field. */
    long step(int part, int row) {
        return offsets[part].get(row);
    }

    /** The features of an example that is not ragged. */
    ByteBuffer row(int row) {
        return row(x, row);
    }

    /** The values of an example. */
    ByteBuffer row(int part, int row) {
        long bytes = parts.get(part).rowBytes();
        return block.view(begins[part] + row * bytes, bytes);
    }

    /** The label of an example in y. */
    int label(int row) {
        return label(y, row);
    }

    private int label(int part, int row) {
        ByteBuffer at = row(part, row);
        return at.capacity() == 1 ? at.get(0) & 0xff : at.getInt(0);
    }

    // ---- life

    synchronized void enter() {
        users++;
    }

    synchronized void exit() {
        // from the first close on, nothing was forgotten
        block.close();
        if (--users == 0) {
            block.release();
        }
    }

    /**
     * Pages of {@code owner} that the collector may take back without a report; {@code release} gives them back before.
     */
    static Block unreported(String owner, long bytes) {
        Block b = new Block(owner, bytes);
        b.lease();
        b.close();
        return b;
    }
}
