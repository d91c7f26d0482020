package dev.fathom.data;

import dev.fathom.memory.Block;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * The memory behind a dataset and all that was made from it: features [rows, columns], then targets [rows, target columns], in one block.
 * The pages go back when the last dataset over them is closed.
 *
 * <p>A dataset that was dropped without a close costs nothing but time: the collector takes the pages back, and reports them as forgotten only
 * if none of the datasets over them was ever closed.
 */
final class Source {
    /** One view, of 2^30 bytes, reaches all row numbers. */
    static final int MOST_ROWS = 1 << 28;

    private static final int CHUNK = 1 << 28;

    final int rows;
    final Part features;
    final Part targets;
    /** 0 for float targets. */
    final int classes;

    private final Block block;
    private final long targetOffset;
    private int users = 1;

    /** What each example has; a label is a scalar, U8 or I32. */
    record Part(DType dtype, Shape shape) {
        /** Values of an example. */
        int columns() {
            return (int) shape.size();
        }

        private long rowBytes() {
            return shape.size() * dtype.bytes();
        }
    }

    /** Writes all values of a part, row-major, into a block from an offset on. */
    interface Content {
        void copyTo(Block block, long offset);
    }

    private Source(String op, Block block, int rows, Part features, Content x, Part targets, Content y, int classes) {
        this.block = block;
        this.rows = rows;
        this.features = features;
        this.targets = targets;
        targetOffset = targetOffset(rows, features);
        x.copyTo(block, 0);
        finite(op, "features", features, 0);
        y.copyTo(block, targetOffset);
        finite(op, "targets", targets, targetOffset);
        this.classes = targets.dtype == DType.F32 ? 0 : Math.max(classes, classes(op));
        block.lease();
    }

    // ---- making

    /**
     * Copies {@code n} examples into memory of their own and checks them: floats are finite, labels are classes.
     *
     * @param classes how many there are at least
     * @throws IllegalArgumentException with the first that is wrong
     */
    static Source of(String op, int n, Part features, Content x, Part targets, Content y, int classes) {
        Block block = new Block("dataset", targetOffset(n, features) + n * targets.rowBytes());
        try {
            return new Source(op, block, n, features, x, targets, y, classes);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    /** The same from what lies between the positions and the limits of two buffers, which do not move. */
    static Source of(String op, int n, Shape feature, Buffer x, Shape target, Buffer y, int classes) {
        return of(op, n, part(feature, x), content(x), part(target, y), content(y), classes);
    }

    private static Part part(Shape shape, Buffer values) {
        return new Part(
                values instanceof FloatBuffer ? DType.F32 : values instanceof IntBuffer ? DType.I32 : DType.U8, shape);
    }

    private static Content content(Buffer values) {
        return (block, offset) -> Block.write(block.address() + offset, values);
    }

    /** Where the targets begin, 64-byte aligned. */
    private static long targetOffset(int rows, Part features) {
        return rows * features.rowBytes() + 63 & -64L;
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

    private void finite(String op, String what, Part part, long offset) {
        if (part.dtype != DType.F32) {
            return;
        }
        int columns = part.columns();
        long size = (long) rows * columns;
        for (long at = 0; at < size; ) {
            int n = (int) Math.min(CHUNK, size - at);
            FloatBuffer values = block.view(offset + 4 * at, 4L * n).asFloatBuffer();
            for (int i = 0; i < n; i++) {
                if (!Float.isFinite(values.get(i))) {
                    throw new IllegalArgumentException(op + ": " + what + " row " + (at + i) / columns + ", column "
                            + (at + i) % columns + " is " + values.get(i) + "; replace it, or leave the example out");
                }
            }
            at += n;
        }
    }

    private int classes(String op) {
        int most = -1;
        for (int i = 0; i < rows; i++) {
            int label = label(i);
            if (label < 0 || label == Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        op + ": label " + label + " of example " + i + " is out of range; number the classes from 0");
            }
            most = Math.max(most, label);
        }
        return most + 1;
    }

    // ---- reading

    long featuresAddress() {
        return block.address();
    }

    long targetsAddress() {
        return block.address() + targetOffset;
    }

    /** The values of one row of the features. */
    ByteBuffer row(int row) {
        return block.view(row * features.rowBytes(), features.rowBytes());
    }

    int label(int row) {
        int width = targets.dtype.bytes();
        ByteBuffer at = block.view(targetOffset + (long) row * width, width);
        return width == 1 ? at.get(0) & 0xff : at.getInt(0);
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

    /** Pages of {@code owner} that the collector may take back without a report; {@code release} gives them back before. */
    static Block unreported(String owner, long bytes) {
        Block b = new Block(owner, bytes);
        b.lease();
        b.close();
        return b;
    }
}
