package dev.fathom.data;

import dev.fathom.io.Npy;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Examples in memory: the fields [rows, columns], one after another, in one block; a ragged field has its steps [steps,
 * columns] and then its offsets, I64. The pages go back when the last dataset over them is closed.
 *
 * <p>A dataset that was dropped without a close costs nothing but time: the collector takes the pages back, and reports
 * them as forgotten only if none of the datasets over them was ever closed.
 */
final class HeldStorage extends Storage implements Storage.Rows {
    private static final int CHUNK = 1 << 28;

    /** Of a ragged field, whose offsets take eight bytes each. */
    static final int MOST_RAGGED = (1 << 27) - 1;

    private final int classes;
    private final int seen;
    private final Block block;
    private final long[] begins;
    private final @Nullable LongBuffer[] offsets;

    /** Writes all values of a part, row-major, into a block from an offset on. */
    interface Content {
        void copyTo(Block block, long offset);

        /** Those of an array in a file. */
        static Content of(Npy npy) {
            return (block, offset) -> npy.copyTo((at, count) -> block.view(offset + at, count));
        }
    }

    private HeldStorage(String op, Block block, int rows, List<Part> parts, List<Content> contents, int classes) {
        super(rows, parts);
        this.block = block;
        begins = new long[parts.size() + 1];
        offsets = new LongBuffer[parts.size()];
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            begins[i + 1] = begins[i] + bytes(part, rows);
            contents.get(i).copyTo(block, begins[i]);
            finite(op, i);
            if (part.offsets() != null) {
                offsets[i] = block.view(begins[i] + offsetsAt(part, rows), 8L * (rows + 1))
                        .asLongBuffer()
                        .put(part.offsets());
            }
        }
        int most = 0;
        for (int i = 0; i < parts.size(); i++) {
            int part = i;
            int labels = parts.get(i).as() == As.LABELS ? classes(op, rows, row -> label(part, row)) : 0;
            most = i == y ? labels : most;
        }
        seen = most;
        this.classes = most == 0 ? 0 : Math.max(classes, most);
        block.lease();
    }

    /** Examples, or steps, of {@code rows} examples. */
    private static long lines(Part part, int rows) {
        long[] offsets = part.offsets();
        return offsets == null ? rows : offsets[rows];
    }

    /** Bytes of {@code rows} examples, 64-byte aligned. */
    private static long bytes(Part part, int rows) {
        return offsetsAt(part, rows) + (part.ragged() ? 8L * (rows + 1) + 63 & -64L : 0);
    }

    private static long offsetsAt(Part part, int rows) {
        return lines(part, rows) * part.rowBytes() + 63 & -64L;
    }

    // ---- making

    /**
     * Copies {@code n} examples into memory of their own and checks them: floats are finite, labels are classes.
     *
     * @param classes how many there are at least
     * @throws IllegalArgumentException with the first that is wrong
     */
    static HeldStorage of(String op, int n, List<Part> parts, List<Content> contents, int classes) {
        Block block =
                new Block("dataset", parts.stream().mapToLong(p -> bytes(p, n)).sum());
        try {
            return new HeldStorage(op, block, n, parts, contents, classes);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
    }

    private void finite(String op, int i) {
        Part part = parts.get(i);
        if (part.dtype() != DType.F32) {
            return;
        }
        int columns = part.columns();
        long size = lines(part, rows) * columns;
        for (long at = 0; at < size; ) {
            int n = (int) Math.min(CHUNK, size - at);
            FloatBuffer values = block.view(begins[i] + 4 * at, 4L * n).asFloatBuffer();
            for (int k = 0; k < n; k++) {
                if (!Float.isFinite(values.get(k))) {
                    String what = i == x ? "features" : i == y ? "targets" : "field " + part.name();
                    throw new IllegalArgumentException(op + ": " + what + (part.ragged() ? " step " : " row ")
                            + (at + k) / columns + ", column " + (at + k) % columns + " is " + values.get(k)
                            + "; replace it, or leave the example out");
                }
            }
            at += n;
        }
    }

    // ---- reading

    @Override
    int classes() {
        return classes;
    }

    @Override
    int seen() {
        return seen;
    }

    @Override
    ByteBuffer row(int part, int row) {
        Part p = parts.get(part);
        long from = p.ragged() ? step(part, row) : row;
        long lines = p.ragged() ? steps(part, row) : 1;
        return block.view(begins[part] + from * p.rowBytes(), lines * p.rowBytes());
    }

    @Override
    long steps(int part, int row) {
        return step(part, row + 1) - step(part, row);
    }

    @Override
    Rows rows(Arena arena, long index, int n) {
        return this;
    }

    @Override
    public int count() {
        return rows;
    }

    @Override
    public long address(int part) {
        return block.address() + begins[part];
    }

    @Override
    public long step(int part, int row) {
        return Objects.requireNonNull(offsets[part]).get(row);
    }

    @Override
    public long index(long given) {
        return given;
    }

    // ---- life

    @Override
    void closedOnce() { // from now on, nothing was forgotten
        block.close();
    }

    @Override
    void free() {
        block.release();
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
