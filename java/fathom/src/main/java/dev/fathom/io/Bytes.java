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
interface Bytes {
    /** The longest array that a JVM makes. */
    int MOST = Integer.MAX_VALUE - 8;

    /** How many bytes there are now. */
    long length() throws IOException;

    /**
     * Fills the first {@code n} places of {@code to} with the bytes from {@code at} on.
     *
     * @throws EOFException if there are fewer
     */
    void read(long at, byte[] to, int n) throws IOException;

    /** Gives back what the system holds; what was only read loses nothing if that fails. */
    void close();

    /**
     * Opens a file of any file system.
     *
     * @param format what it should be, for the message
     * @throws UncheckedIOException if it cannot be read
     */
    static Bytes of(Path file, String format) {
        InputFile.mustBeFile(file, format);
        try {
            if (file.getFileSystem() == FileSystems.getDefault()) {
                // not a channel: an interrupt of the thread would close it
                return new Opened(new RandomAccessFile(file.toFile(), "r"));
            }
            try (InputStream in = Files.newInputStream(file)) {
                return of(in, file.toString());
            }
        } catch (IOException e) {
            throw InputFile.unreadable(file.toString(), e);
        }
    }

    /** Reads a stream to its end. */
    static Bytes of(InputStream in, String name) throws IOException {
        byte[] all = in.readNBytes(MOST);
        if (all.length == MOST && in.read() >= 0) {
            throw new IllegalArgumentException(name + ": a stream is held in memory, where " + MOST
                    + " bytes are the most; give the path of a file");
        }
        return new Held(ByteBuffer.wrap(all));
    }

    /** The bytes between the position and the limit of a buffer, neither of which moves. */
    static Bytes of(ByteBuffer buffer) {
        return new Held(buffer.slice());
    }

    /** A file that stays open, so that what is read later is of the same file even if a new one has taken its place. */
    record Opened(RandomAccessFile file) implements Bytes {
        @Override
        public long length() throws IOException {
            return file.length();
        }

        @Override
        public void read(long at, byte[] to, int n) throws IOException {
            file.seek(at);
            file.readFully(to, 0, n);
        }

        @Override
        public void close() {
            try {
                file.close();
            } catch (IOException e) {
                // a file that was only read loses nothing
            }
        }
    }

    /** Bytes in memory. */
    record Held(ByteBuffer buffer) implements Bytes {
        @Override
        public long length() {
            return buffer.limit();
        }

        @Override
        public void read(long at, byte[] to, int n) throws IOException {
            if (at > buffer.limit() - n) {
                throw new EOFException();
            }
            buffer.get((int) at, to, 0, n);
        }

        @Override
        public void close() {}
    }
}
