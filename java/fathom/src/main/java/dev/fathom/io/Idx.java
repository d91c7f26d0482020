package dev.fathom.io;

import dev.fathom.memory.Block;
import dev.fathom.op.Shape;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * An idx file, the format of MNIST (Yann LeCun): two zero bytes, the type (8 for unsigned bytes, the only one that is
 * read), the number of dimensions, each dimension as a big-endian 32-bit number, and then the values, row-major. It may
 * be plain or gzip; the first bytes decide, not the name.
 *
 * <p>{@link #read} reads the header and compares it with the size of the file (for gzip: with the size that the file's
 * last four bytes tell); the values are read by {@link #toArray} or {@link #copyTo}.
 */
public final class Idx {
    private static final int UNSIGNED_BYTE = 8;
    private static final int CHUNK = 1 << 16;

    private static final String[] TYPES = {
        "", "signed byte", "", "16-bit integer", "32-bit integer", "float32", "float64", "", ""
    };

    private final Packed file;
    private final Shape shape;

    private Idx(Packed file, Shape shape) {
        this.file = file;
        this.shape = shape;
    }

    /**
     * Reads the header.
     *
     * @throws IllegalArgumentException if the file is damaged, truncated, not idx, or of other values than unsigned
     *     bytes
     * @throws UncheckedIOException if it cannot be read
     */
    public static Idx read(Path path) {
        Packed file = Packed.of(path, "an idx file");
        try {
            Shape shape;
            try (DataInputStream in = file.open()) {
                shape = header(file, in);
            }
            long claimed = 4 + 4 * shape.rank() + shape.size();
            claimed = file.gzip() ? claimed & 0xffffffffL : claimed;
            if (file.stated() != claimed) {
                throw file.damaged(
                        "its header says " + shape + ", which takes " + claimed + " bytes, but there are "
                                + file.stated() + file.source(),
                        null);
            }
            Idx idx = new Idx(file, shape);
            if (!file.plausible(shape.size())) {
                idx.values((chunk, count, at) -> {});
            }
            return idx;
        } catch (IOException e) {
            throw file.failure(e);
        }
    }

    private static Shape header(Packed file, DataInputStream in) throws IOException {
        int magic = in.readInt();
        int type = magic >> 8;
        int rank = magic & 0xff;
        if (type > UNSIGNED_BYTE && type <= 0xe) {
            throw new IllegalArgumentException(file.file() + ": its values are of the type "
                    + TYPES[type - UNSIGNED_BYTE] + " but only unsigned bytes are read; convert it before");
        }
        if (type != UNSIGNED_BYTE || rank == 0) {
            throw file.damaged(
                    String.format(
                            "it begins with %08x where an idx file of bytes begins with 000008 and its dimensions",
                            magic),
                    null);
        }
        if (rank > Shape.MAX_RANK) {
            throw file.damaged("it claims " + rank + " dimensions but " + Shape.MAX_RANK + " are the most", null);
        }
        int[] dims = new int[rank];
        long size = 1;
        for (int i = 0; i < rank; i++) {
            dims[i] = in.readInt();
            long dim = Integer.toUnsignedLong(dims[i]);
            if (dims[i] < 0 || dim > 0 && size > (1L << 45) / dim) {
                throw file.damaged("it claims a dimension of " + dim + ", which no file could fill", null);
            }
            size *= Math.max(dim, 1);
        }
        return Shape.of(dims);
    }

    /** Returns the dimensions, of which the first counts the examples. */
    public Shape shape() {
        return shape;
    }

    /**
     * Reads the values.
     *
     * @throws IllegalArgumentException if the file is damaged or truncated, or holds more than an array can
     * @throws UncheckedIOException if it cannot be read
     */
    public byte[] toArray() {
        if (shape.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    file.file() + ": its " + shape.size() + " values are more than an array can hold; use copyTo");
        }
        byte[] values = new byte[(int) shape.size()];
        values((chunk, count, at) -> System.arraycopy(chunk, 0, values, (int) at, count));
        return values;
    }

    /**
     * Reads the values into a block from {@code offset} on.
     *
     * @throws IllegalArgumentException if the file is damaged or truncated, or the block too small; the block then
     *     holds part of the values
     * @throws UncheckedIOException if it cannot be read
     */
    public void copyTo(Block block, long offset) {
        if (offset < 0 || shape.size() > block.bytes() - offset) {
            throw new IllegalArgumentException(
                    "copyTo: " + file.file() + " has " + shape.size() + " values but the block has " + block.bytes()
                            + " bytes and offset=" + offset + "; make it larger");
        }
        values((chunk, count, at) -> block.view(offset + at, count).put(chunk, 0, count));
    }

    private interface Sink {
        void take(byte[] chunk, int count, long at);
    }

    /** Reads all values, and that nothing follows them. */
    private void values(Sink sink) {
        try (DataInputStream in = file.open()) {
            if (!header(file, in).equals(shape)) {
                throw new IllegalArgumentException(
                        file.file() + ": the file has changed since its header was read; read it again");
            }
            byte[] chunk = new byte[CHUNK];
            long size = shape.size();
            for (long at = 0; at < size; ) {
                int n = in.read(chunk, 0, (int) Math.min(CHUNK, size - at));
                if (n < 0) {
                    throw file.damaged(
                            "it ends after " + at + " of the " + size + " values that its header " + shape + " tells",
                            null);
                }
                sink.take(chunk, n, at);
                at += n;
            }
            if (in.read() >= 0) {
                throw file.damaged(
                        "it goes on after the " + size + " values that its header " + shape + " tells", null);
            }
        } catch (IOException e) {
            throw file.failure(e);
        }
    }
}
