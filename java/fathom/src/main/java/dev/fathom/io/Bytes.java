package dev.fathom.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The bytes of a file, a stream or a buffer, which are read from any place on. A stream, and a file inside an archive,
 * is held in memory.
 */
public interface Bytes {
    /** The longest array that a JVM makes. */
    int MOST = Integer.MAX_VALUE - 8;

    /** Returns how many bytes there are now. */
    long length() throws IOException;

    /**
     * Fills the first {@code n} places of {@code to} with the bytes from {@code at} on.
     *
     * @throws EOFException if there are fewer
     */
    void read(long at, byte[] to, int n) throws IOException;

    /** Gives back what the system holds; what was only read loses nothing if that fails. */
    default void close() {}

    /**
     * Opens a file of any file system.
     *
     * @param format what it should be, for the message
     * @throws UncheckedIOException if it cannot be read
     */
    static Bytes of(Path file, String format) {
        return opened(file, format, false);
    }

    /**
     * Opens a file of any file system of which most bytes are read soon: they are copied once, from where the system
     * holds them. The file stays mapped until the garbage collector finds it.
     *
     * @param format what it should be, for the message
     * @throws UncheckedIOException if it cannot be read
     */
    static Bytes mapped(Path file, String format) {
        return opened(file, format, true);
    }

    private static Bytes opened(Path file, String format, boolean mapped) {
        InputFile.mustBeFile(file, format);
        try {
            if (file.getFileSystem() == FileSystems.getDefault()) {
                // not a channel: an interrupt of the thread would close it
                return mapped
                        ? new MappedBytes(MappedFile.open(file))
                        : new OpenedFile(new RandomAccessFile(file.toFile(), "r"));
            }
            try (InputStream in = Files.newInputStream(file)) {
                return of(in, file.toString());
            }
        } catch (IOException e) {
            throw InputFile.unreadable(file.toString(), e);
        }
    }

    /**
     * Reads a stream to its end, and holds what it gives in memory.
     *
     * @throws IllegalArgumentException if there are more bytes than an array holds
     */
    static Bytes of(InputStream in, String name) throws IOException {
        byte[] all = in.readNBytes(MOST);
        if (all.length == MOST && in.read() >= 0) {
            throw new IllegalArgumentException(name + ": a stream is held in memory, where " + MOST
                    + " bytes are the most; give the path of a file");
        }
        return new HeldBytes(ByteBuffer.wrap(all));
    }

    /** Returns the bytes between the position and the limit of a buffer, neither of which moves. */
    static Bytes of(ByteBuffer buffer) {
        return new HeldBytes(buffer.slice());
    }
}
