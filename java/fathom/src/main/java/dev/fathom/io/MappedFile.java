package dev.fathom.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file mapped into the address space, of any size, which any number of threads read from any place on. The system
 * loads its pages as they are read, and may drop them again, so that the file need not fit into memory and does not
 * count against {@code -Dfathom.memory}.
 *
 * <p>Nobody should change the file while it is open. If it becomes shorter, reading it is an error that names the file,
 * and never ends the process, since only copies of it reach a kernel. Bytes that were overwritten are read as they are.
 */
public final class MappedFile implements AutoCloseable {
    /** A part of the file that a buffer shows. */
    private static final int BITS = 30;

    private final Path path;
    private final RandomAccessFile file;
    private final long size;
    private final MappedByteBuffer[] parts;

    private MappedFile(Path path, RandomAccessFile file) throws IOException {
        this.path = path;
        this.file = file;
        size = file.length();
        parts = new MappedByteBuffer[(int) ((size - 1 >> BITS) + 1)];
        for (int i = 0; i < parts.length; i++) {
            long from = (long) i << BITS;
            parts[i] = file.getChannel().map(FileChannel.MapMode.READ_ONLY, from, Math.min(1L << BITS, size - from));
        }
    }

    /**
     * Maps a file.
     *
     * @throws IllegalArgumentException if it is in no folder of this machine, such as one in a jar
     * @throws UncheckedIOException if it cannot be read
     */
    public static MappedFile open(Path path) {
        return opened(path, file -> new MappedFile(path, file));
    }

    /** What is made of a file that is open; one of which nothing is made is closed. */
    private interface Use<T> {
        T of(RandomAccessFile file) throws IOException;
    }

    private static <T> T opened(Path path, Use<T> use) {
        if (path.getFileSystem() != FileSystems.getDefault()) {
            throw new IllegalArgumentException("mapped: " + path
                    + " lies inside an archive or another file system, of which nothing can be mapped; copy it to a"
                    + " folder first, by Files.copy");
        }
        InputFile.mustBeFile(path, "a file to map");
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
            boolean interrupted = Thread.interrupted(); // for which the channel would close the file
            try {
                return use.of(file);
            } catch (IOException | RuntimeException | Error e) {
                file.close();
                throw e;
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        } catch (IOException e) {
            throw InputFile.unreadable(path, e);
        }
    }

    /**
     * Maps a part of a file for those who give its address to kernels: where the file becomes shorter meanwhile, the
     * system ends the process. The part is unmapped when the garbage collector finds the buffer.
     *
     * @param bytes at most {@code Integer.MAX_VALUE}
     * @throws IllegalArgumentException as {@link #open}
     * @throws UncheckedIOException if it cannot be read
     */
    public static ByteBuffer map(Path path, long from, long bytes) {
        return opened(path, file -> {
            try (file) {
                return file.getChannel().map(FileChannel.MapMode.READ_ONLY, from, bytes);
            }
        });
    }

    /** Returns the number of bytes that the file had when it was opened. */
    public long size() {
        return size;
    }

    /**
     * Fills the rest of {@code to} with the bytes from {@code at} on.
     *
     * @throws IllegalArgumentException if there are fewer
     * @throws IllegalStateException if the file was closed, or became shorter since it was opened
     * @throws UncheckedIOException if it cannot be read
     */
    public void read(long at, ByteBuffer to) {
        int n = to.remaining();
        if (at < 0 || n > size - at) {
            throw new IllegalArgumentException("read: bytes " + at + " to " + (at + n) + " are not within the " + size
                    + " of " + path + "; ask for bytes that it has");
        }
        try {
            check(); // first, since the JVM tells late of a page that is not there any more, even of an earlier read
            while (to.hasRemaining()) {
                MappedByteBuffer part = parts[(int) (at >> BITS)];
                int from = (int) (at & (1L << BITS) - 1);
                int count = Math.min(to.remaining(), part.capacity() - from);
                to.put(to.position(), part, from, count).position(to.position() + count);
                at += count;
            }
            enterJvm(to.position());
        } catch (InternalError e) { // how it tells
            throw shorter(e);
        }
    }

    /**
     * Makes an array of arrays, for which compiled code, too, calls the JVM: there it throws what it noted of the pages
     * of a copy, which it would throw at any later place otherwise.
     */
    private static byte[][] enterJvm(int seen) {
        return new byte[seen & 1][seen & 1];
    }

    /**
     * Returns the byte at this place, from 0 to 255.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if the file was closed, or became shorter since it was opened
     */
    public int read(long at) {
        ByteBuffer one = ByteBuffer.allocate(1);
        read(at, one);
        return one.get(0) & 0xff;
    }

    private void check() {
        try {
            if (file.length() < size) {
                throw shorter(null);
            }
        } catch (IOException e) {
            throw new IllegalStateException("read: " + path + " was closed; use it before the close", e);
        }
    }

    private IllegalStateException shorter(@Nullable Throwable cause) {
        return new IllegalStateException(
                "read: " + path + " became shorter than the " + size + " bytes that it had when it was opened; "
                        + "leave it as it is while it is in use, and open it again",
                cause);
    }

    /** Closes the file. The system unmaps it when the garbage collector finds it. */
    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw InputFile.unreadable(path, e);
        }
    }

    /** Returns path and size, such as {@code /data/x.npy, 188160128 bytes}. */
    @Override
    public String toString() {
        return path + ", " + size + " bytes";
    }
}
