package dev.fathom.data;

import dev.fathom.offheap.Arena;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where a dataset and all that was made from it have their examples: in memory of their own, {@link HeldStorage}, or
 * wherever a source has them, {@link SourceStorage}. It is closed with the last dataset over it.
 */
abstract class Storage {
    /** One view, of 2^30 bytes, reaches all row numbers. */
    static final int MOST_ROWS = 1 << 28;

    final int rows;
    final List<Part> parts;
    /** Their names. */
    final List<String> names;
    /** The numbers of the input and the target, or -1. */
    final int x;

    final int y;
    private int users = 1;

    Storage(int rows, List<Part> parts) {
        this.rows = rows;
        this.parts = List.copyOf(parts);
        names = parts.stream().map(Part::name).toList();
        x = place(Role.INPUT);
        y = place(Role.TARGET);
    }

    /** Classes of y; 0 where it has no labels. */
    abstract int classes();

    /** The largest label of y plus one, as far as that is known. */
    abstract int seen();

    /** The values of an example in native byte order. */
    abstract ByteBuffer row(int part, int row);

    /** How many steps an example of a ragged field has. */
    abstract long steps(int part, int row);

    /** The n rows whose numbers lie at {@code index}, for kernels; what that takes comes from the arena. */
    abstract Rows rows(Arena arena, long index, int n);

    /** Somebody closed a dataset over this. */
    abstract void closedOnce();

    abstract void free();

    /** Where the values of some rows lie. */
    interface Rows {
        /** How many rows there are. */
        int count();

        /** Where the values of a field begin. */
        long address(int part);

        /** The first step of row i of a ragged field, and one behind its last is that of row i + 1. */
        long step(int part, int i);

        /** Where the numbers of the wanted rows lie, given where they lie in the dataset. */
        long index(long given);
    }

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

        boolean pixels() {
            return dtype == DType.U8 && as == As.FLOATS;
        }
    }

    /** The number of the field with this role, or -1. */
    private int place(Role role) {
        return parts.stream().map(Part::role).toList().indexOf(role);
    }

    /** Whether there are an input and a target, neither of them ragged, and no more. */
    boolean isPair() {
        return parts.size() == 2 && x >= 0 && y >= 0 && parts.stream().noneMatch(Part::ragged);
    }

    // ---- checks

    static void check(String op, int n, Shape shape) {
        if (shape.rank() >= Shape.MAX_RANK || shape.size() == 0 || shape.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(op + ": an example cannot have the shape " + shape + "; it has at most "
                    + (Shape.MAX_RANK - 1) + " dimensions, none of them 0, and fewer than 2^31 values");
        }
        if (n < 1) {
            throw new IllegalArgumentException(op + ": there are no examples; give at least one");
        }
        if (n > MOST_ROWS) {
            throw new IllegalArgumentException(
                    op + ": " + n + " examples are too many for one dataset; give at most " + MOST_ROWS);
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

    /** The largest of n labels plus one. */
    static int classes(String op, int n, IntUnaryOperator label) {
        int most = -1;
        for (int i = 0; i < n; i++) {
            int is = label.applyAsInt(i);
            if (is < 0 || is == Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        op + ": label " + is + " of example " + i + " is out of range; number the classes from 0");
            }
            most = Math.max(most, is);
        }
        return most + 1;
    }

    /** The label of an example in y. */
    int label(int row) {
        return label(y, row);
    }

    /** The label of an example in a field of labels. */
    int label(int part, int row) {
        ByteBuffer at = row(part, row);
        return at.remaining() == 1 ? at.get(0) & 0xff : at.getInt(0);
    }

    // ---- life

    synchronized void enter() {
        users++;
    }

    synchronized void exit() {
        closedOnce();
        if (--users == 0) {
            free();
        }
    }
}
