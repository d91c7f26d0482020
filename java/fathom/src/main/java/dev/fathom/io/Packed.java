package dev.fathom.io;

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
 * A file of bytes, plain or gzip, which its first bytes tell and not its name.
 *
 * @param format what it should be, for messages
 * @param length bytes of the file
 * @param stated bytes it unpacks to, for gzip according to its last four bytes, so modulo 2^32 and perhaps wrong
 */
record Packed(Path file, String format, boolean gzip, long length, long stated) {
    private static final int GZIP = 0x1f8b;
    private static final int CHUNK = 1 << 16;
    /** Images shrink to a half. What claims to have shrunk more than this is unpacked once for nothing before memory is taken for it. */
    private static final int PLAUSIBLE = 16;

    /**
     * Looks at a file.
     *
     * @throws UncheckedIOException if it cannot be read
     */
    static Packed of(Path file, String format) {
        if (!Files.isRegularFile(file)) {
            String message =
                    "cannot read " + file + ": " + (Files.exists(file) ? "it is not a file" : "it does not exist")
                            + "; give the path of " + format + ", plain or gzip";
            throw new UncheckedIOException(message, new IOException(message));
        }
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "r")) {
            long length = raw.length();
            boolean gzip = length >= 2 && raw.readUnsignedShort() == GZIP;
            long stated = length;
            if (gzip && length >= 4) {
                raw.seek(length - 4);
                stated = Integer.toUnsignedLong(Integer.reverseBytes(raw.readInt()));
            }
            return new Packed(file, format, gzip, length, stated);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    /** The bytes, unpacked. */
    DataInputStream open() throws IOException {
        InputStream in = new FileInputStream(file.toFile());
        try {
            return new DataInputStream(gzip ? new GZIPInputStream(in, CHUNK) : new BufferedInputStream(in, CHUNK));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    /** Whether so many bytes may well be in it. */
    boolean plausible(long bytes) {
        return !gzip || bytes / PLAUSIBLE <= length;
    }

    /** Where the number of bytes is from, for messages. */
    String source() {
        return gzip ? " according to its gzip trailer" : "";
    }

    RuntimeException failure(IOException e) {
        if (e instanceof EOFException) {
            return damaged("it is truncated", e);
        }
        if (e instanceof ZipException) {
            return damaged("its gzip data are damaged", e);
        }
        return new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
    }

    IllegalArgumentException damaged(String what, @Nullable Exception cause) {
        String kind = format.substring(format.indexOf(' ') + 1).replaceFirst(" file$", "");
        return new IllegalArgumentException(
                file + ": " + what + "; the file is damaged or not " + kind + ", fetch it again", cause);
    }
}
