package dev.fathom.files;

import dev.fathom.io.InputFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes that are read from any place on: those of an open file, or a part of them. */
interface Data {
    /** How many there are. */
    long length() throws IOException;

    /**
     * Fills the first {@code n} places of {@code to} with the bytes from {@code at} on.
     *
     * @throws EOFException if there are fewer
     */
    void read(long at, byte[] to, int n) throws IOException;

    /** Gives back what the system holds; what was only read loses nothing if that fails. */
    default void close() {}

    /** The {@code length} bytes from {@code begin} on, which must be there. */
    default Data part(long begin, long length) {
        Data whole = this;
        return new Data() {
            @Override
            public long length() {
                return length;
            }

            @Override
            public void read(long at, byte[] to, int n) throws IOException {
                if (at > length - n) {
                    throw new EOFException();
                }
                whole.read(begin + at, to, n);
            }
        };
    }

    /**
     * Opens a file; one inside another archive is held in memory.
     *
     * @param format what it should be, for the message
     * @throws java.io.UncheckedIOException if it does not exist
     */
    static Data of(Path file, String format) throws IOException {
        InputFile.mustBeFile(file, format);
        if (file.getFileSystem() == FileSystems.getDefault()) {
            return new Opened(new RandomAccessFile(file.toFile(), "r"));
        }
        try (InputStream in = Files.newInputStream(file)) {
            return of(in.readAllBytes());
        }
    }

    /** Bytes in memory. */
    static Data of(byte[] bytes) {
        return new Data() {
            @Override
            public long length() {
                return bytes.length;
            }

            @Override
            public void read(long at, byte[] to, int n) throws IOException {
                if (at > bytes.length - n) {
                    throw new EOFException();
                }
                System.arraycopy(bytes, (int) at, to, 0, n);
            }
        };
    }

    /** A file that stays open, so that what is read later is of the same file even if a new one has taken its place. */
    record Opened(RandomAccessFile file) implements Data {
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
}
