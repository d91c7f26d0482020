package dev.fathom.data;

import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;

/**
 * Examples that a {@link Source} reads. The rows of a batch are copied into the arena of its step, one after another,
 * and the kernels take them from there: so every number that reaches a kernel was checked, and lies in memory that
 * nobody else can take away.
 */
final class SourceStorage extends Storage {
    private final Source source;
    /** Classes of each field of labels. */
    private final int[] classes;

    private SourceStorage(Source source, List<Field> fields) {
        super(source.size(), fields.stream().map(f -> f.part).toList());
        this.source = source;
        classes = fields.stream().mapToInt(f -> f.classes).toArray();
    }

    static SourceStorage of(Source source) {
        List<Field> fields = List.copyOf(source.fields());
        Field.checkNames("source", fields);
        for (Field f : fields) {
            check("source", source.size(), f.part.shape());
            if (f.content != null) {
                throw new IllegalArgumentException("source: the field " + f.part.name()
                        + " has values; describe it without them, since read gives them");
            }
            if (f.part.as() == As.LABELS && f.classes < 1) {
                throw new IllegalArgumentException("source: the labels " + f.part.name()
                        + " are of an unknown number of classes; tell it by Field.labels(..).classes(n)");
            }
        }
        return new SourceStorage(source, fields);
    }

    @Override
    int classes() {
        return y < 0 ? 0 : classes[y];
    }

    @Override
    int seen() {
        return classes();
    }

    @Override
    long steps(int part, int row) {
        int steps = source.steps(part, row);
        if (steps < 0) {
            throw new IllegalStateException("source: example " + row + " has " + steps + " steps in the field "
                    + names.get(part) + "; a length is 0 or more");
        }
        return steps;
    }

    @Override
    ByteBuffer row(int part, int row) {
        ByteBuffer to = ByteBuffer.allocate(bytes(part, rowBytes(part, row))).order(ByteOrder.nativeOrder());
        read(part, row, to);
        return to;
    }

    private long rowBytes(int part, int row) {
        Part p = parts.get(part);
        return p.rowBytes() * (p.ragged() ? steps(part, row) : 1);
    }

    private int bytes(int part, long bytes) {
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("source: the examples of a batch take " + bytes
                    + " bytes in the field " + names.get(part) + ", but fewer than 2^31 can be read at once; make the"
                    + " batches smaller");
        }
        return (int) bytes;
    }

    /** Fills a buffer with the values of an example, which are checked, and leaves it ready to be read. */
    private void read(int part, int row, ByteBuffer to) {
        try {
            source.read(part, row, to);
        } catch (BufferOverflowException e) {
            throw new IllegalStateException(
                    "source: read puts more than the " + to.capacity() + " bytes of the field " + names.get(part)
                            + " of example " + row + "; put its values and nothing else",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "source: cannot read the field " + names.get(part) + " of example " + row + ": " + e.getMessage(),
                    e);
        }
        if (to.hasRemaining()) {
            throw new IllegalStateException("source: read left " + to.remaining() + " of the " + to.capacity()
                    + " bytes of the field " + names.get(part) + " of example " + row
                    + " empty; put all values, by puts that move the position of the buffer");
        }
        if (to.order() != ByteOrder.nativeOrder()) {
            throw new IllegalStateException("source: read changed the byte order of the buffer for the field "
                    + names.get(part) + " of example " + row
                    + "; put values in the order that it has, such as to.putFloat(bigEndian.getFloat())");
        }
        to.clear();
        Part p = parts.get(part);
        if (p.as() == As.LABELS) {
            int label = to.getInt(0);
            if (label < 0 || label >= classes[part]) {
                throw new IllegalArgumentException("source: label " + label + " of example " + row + " is outside [0, "
                        + classes[part] + "); number the classes from 0");
            }
        } else if (p.dtype() == DType.F32) {
            FloatBuffer values = to.asFloatBuffer();
            for (int i = 0; i < values.capacity(); i++) {
                if (!Float.isFinite(values.get(i))) {
                    throw new IllegalArgumentException("source: value " + i + " of the field " + names.get(part)
                            + " of example " + row + " is " + values.get(i)
                            + "; replace it, or leave the example out");
                }
            }
        }
    }

    @Override
    Rows rows(Arena arena, long index, int n) {
        return new Copied(arena, Block.at(index, 4 * n).asIntBuffer(), n);
    }

    /** Some rows in an arena, one after another. */
    private final class Copied implements Rows {
        private final int n;
        private final long index;
        private final long[] addresses = new long[parts.size()];
        private final long[][] steps = new long[parts.size()][];

        Copied(Arena arena, IntBuffer rows, int n) {
            this.n = n;
            index = arena.allocate(4L * n);
            IntBuffer numbers = Block.at(index, 4 * n).asIntBuffer();
            for (int i = 0; i < n; i++) {
                numbers.put(i, i);
            }
            for (int f = 0; f < addresses.length; f++) {
                long rowBytes = parts.get(f).rowBytes();
                long[] ends = new long[n + 1];
                for (int i = 0; i < n; i++) {
                    ends[i + 1] = ends[i] + (parts.get(f).ragged() ? steps(f, rows.get(i)) : 1);
                }
                steps[f] = ends;
                int bytes = bytes(f, ends[n] * rowBytes);
                addresses[f] = arena.allocate(Math.max(1, bytes));
                ByteBuffer all = Block.at(addresses[f], bytes);
                for (int i = 0; i < n; i++) {
                    int from = (int) (ends[i] * rowBytes);
                    read(
                            f,
                            rows.get(i),
                            all.slice(from, (int) (ends[i + 1] * rowBytes) - from)
                                    .order(ByteOrder.nativeOrder()));
                }
            }
        }

        @Override
        public int count() {
            return n;
        }

        @Override
        public long address(int part) {
            return addresses[part];
        }

        @Override
        public long step(int part, int i) {
            return steps[part][i];
        }

        @Override
        public long index(long given) {
            return index;
        }
    }

    @Override
    void closedOnce() {}

    @Override
    void free() {
        try {
            source.close();
        } catch (IOException e) {
            throw new UncheckedIOException("source: it cannot be closed: " + e.getMessage(), e);
        }
    }
}
