package dev.fathom.io;

import dev.fathom.memory.Block;
import dev.fathom.tensor.Shape;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * An idx file, the format of MNIST (Yann LeCun): two zero bytes, the type (8: unsigned byte, the only one read), the number of dimensions,
 * each dimension as a big-endian 32-bit number, then the values, row-major. Plain or gzip, which the first bytes tell, not the name.
 *
 * <p>{@link #read} reads the header and compares it with the size of the file (for gzip: with the size that the file's last four bytes
 * tell); the values are read by {@link #toArray} or {@link #copyTo}.
 */
public final class Idx {
    private static final int GZIP = 0x1f8b;
    private static final int UNSIGNED_BYTE = 8;
    private static final int CHUNK = 1 << 16;
    /** Images shrink to a half. What claims to have shrunk more than this is unpacked once for nothing before memory is taken for it. */
    private static final int PLAUSIBLE = 16;

    private static final String[] TYPES = {
        "", "signed byte", "", "16-bit integer", "32-bit integer", "float32", "float64", "", ""
    };

    private final Path file;
    private final Shape shape;
    private final boolean gzip;

    private Idx(Path file, Shape shape, boolean gzip) {
        this.file = file;
        this.shape = shape;
        this.gzip = gzip;
    }

    /**
     * Reads the header.
     *
     * @throws IllegalArgumentException if the file is damaged, truncated, not idx, or of other values than unsigned bytes
     * @throws UncheckedIOException if it cannot be read
     */
    public static Idx read(Path file) {
        if (!Files.isRegularFile(file)) {
            String message =
                    "cannot read " + file + ": " + (Files.exists(file) ? "it is not a file" : "it does not exist")
                            + "; give the path of an idx file, plain or gzip";
            throw new UncheckedIOException(message, new IOException(message));
        }
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "r")) {
            boolean gzip = raw.length() >= 2 && raw.readUnsignedShort() == GZIP;
            Shape shape;
            try (DataInputStream in = open(file, gzip)) {
                shape = header(file, in);
            }
            long stated = raw.length();
            long claimed = 4 + 4 * shape.rank() + shape.size();
            if (gzip) {
                raw.seek(stated - 4);
                stated = Integer.toUnsignedLong(Integer.reverseBytes(raw.readInt()));
                claimed &= 0xffffffffL;
            }
            if (stated != claimed) {
                throw damaged(
                        file,
                        "its header says " + shape + ", which takes " + claimed + " bytes, but there are " + stated
                                + (gzip ? " according to its gzip trailer" : ""),
                        null);
            }
            Idx idx = new Idx(file, shape, gzip);
            if (gzip && shape.size() / PLAUSIBLE > raw.length()) {
                idx.values((chunk, count, at) -> {});
            }
            return idx;
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static Shape header(Path file, DataInputStream in) throws IOException {
        int magic = in.readInt();
        int type = magic >> 8;
        int rank = magic & 0xff;
        if (type > UNSIGNED_BYTE && type <= 0xe) {
            throw new IllegalArgumentException(file + ": its values are of the type " + TYPES[type - UNSIGNED_BYTE]
                    + " but only unsigned bytes are read; convert it before");
        }
        if (type != UNSIGNED_BYTE || rank == 0) {
            throw damaged(
                    file,
                    String.format(
                            "it begins with %08x where an idx file of bytes begins with 000008 and its dimensions",
                            magic),
                    null);
        }
        if (rank > Shape.MAX_RANK) {
            throw damaged(file, "it claims " + rank + " dimensions but " + Shape.MAX_RANK + " are the most", null);
        }
        int[] dims = new int[rank];
        long size = 1;
        for (int i = 0; i < rank; i++) {
            dims[i] = in.readInt();
            long dim = Integer.toUnsignedLong(dims[i]);
            if (dims[i] < 0 || dim > 0 && size > (1L << 45) / dim) {
                throw damaged(file, "it claims a dimension of " + dim + ", which no file could fill", null);
            }
            size *= Math.max(dim, 1);
        }
        return Shape.of(dims);
    }

    /** The dimensions; the first counts the examples. */
    public Shape shape() {
        return shape;
    }

    /**
     * The values.
     *
     * @throws IllegalArgumentException if the file is damaged or truncated, or holds more than an array can
     * @throws UncheckedIOException if it cannot be read
     */
    public byte[] toArray() {
        if (shape.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    file + ": its " + shape.size() + " values are more than an array can hold; use copyTo");
        }
        byte[] values = new byte[(int) shape.size()];
        values((chunk, count, at) -> System.arraycopy(chunk, 0, values, (int) at, count));
        return values;
    }

    /**
     * Reads the values into a block from {@code offset} on.
     *
     * @throws IllegalArgumentException if the file is damaged or truncated, or the block too small; the block then holds part of the values
     * @throws UncheckedIOException if it cannot be read
     */
    public void copyTo(Block block, long offset) {
        if (offset < 0 || shape.size() > block.bytes() - offset) {
            throw new IllegalArgumentException("copyTo: " + file + " has " + shape.size() + " values but the block has "
                    + block.bytes() + " bytes and offset=" + offset + "; make it larger");
        }
        values((chunk, count, at) -> block.view(offset + at, count).put(chunk, 0, count));
    }

    private interface Sink {
        void take(byte[] chunk, int count, long at);
    }

    /** Reads all values, and that nothing follows them. */
    private void values(Sink sink) {
        try (DataInputStream in = open(file, gzip)) {
            if (!header(file, in).equals(shape)) {
                throw new IllegalArgumentException(
                        file + ": the file has changed since its header was read; read it again");
            }
            byte[] chunk = new byte[CHUNK];
            long size = shape.size();
            for (long at = 0; at < size; ) {
                int n = in.read(chunk, 0, (int) Math.min(CHUNK, size - at));
                if (n < 0) {
                    throw damaged(
                            file,
                            "it ends after " + at + " of the " + size + " values that its header " + shape + " tells",
                            null);
                }
                sink.take(chunk, n, at);
                at += n;
            }
            if (in.read() >= 0) {
                throw damaged(
                        file, "it goes on after the " + size + " values that its header " + shape + " tells", null);
            }
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static DataInputStream open(Path file, boolean gzip) throws IOException {
        InputStream in = new FileInputStream(file.toFile());
        try {
            return new DataInputStream(gzip ? new GZIPInputStream(in, CHUNK) : new BufferedInputStream(in, CHUNK));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private static RuntimeException failure(Path file, IOException e) {
        if (e instanceof EOFException) {
            return damaged(file, "it is truncated", e);
        }
        if (e instanceof ZipException) {
            return damaged(file, "its gzip data are damaged", e);
        }
        return new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
    }

    private static IllegalArgumentException damaged(Path file, String what, @Nullable Exception cause) {
        return new IllegalArgumentException(
                file + ": " + what + "; the file is damaged or not idx, fetch it again", cause);
    }
}
