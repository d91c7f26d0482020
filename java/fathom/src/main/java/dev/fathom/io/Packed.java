package dev.fathom.io;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A file of bytes, plain or gzip, which its first bytes tell and not its name, for readers of formats.
 *
 * @param file the path
 * @param format what it should be, for messages, such as {@code an idx file}
 * @param gzip whether it is gzip
 * @param length bytes of the file
 * @param stated bytes it unpacks to, for gzip according to its last four bytes, so modulo 2^32 and perhaps wrong
 */
public record Packed(Path file, String format, boolean gzip, long length, long stated) {
    private static final int GZIP = 0x1f8b;
    private static final int CHUNK = 1 << 16;
    /**
     * Images shrink to a half. What claims to have shrunk more than this is unpacked once for nothing before memory is
     * taken for it.
     */
    private static final int PLAUSIBLE = 16;

    /**
     * Looks at a file.
     *
     * @throws UncheckedIOException if it cannot be read
     */
    public static Packed of(Path file, String format) {
        Bytes raw = Bytes.of(file, format + ", plain or gzip");
        try {
            long length = raw.length();
            byte[] ends = new byte[4];
            raw.read(0, ends, (int) Math.min(2, length));
            boolean gzip = ends[0] == (byte) (GZIP >> 8) && ends[1] == (byte) GZIP;
            long stated = length;
            if (gzip && length >= 4) {
                raw.read(length - 4, ends, 4);
                stated = Integer.toUnsignedLong(
                        ByteBuffer.wrap(ends).order(ByteOrder.LITTLE_ENDIAN).getInt());
            }
            return new Packed(file, format, gzip, length, stated);
        } catch (IOException e) {
            throw InputFile.unreadable(file.toString(), e);
        } finally {
            raw.close();
        }
    }

    /**
     * Opens a stream of the bytes, unpacked.
     *
     * @throws IOException if that fails
     */
    public DataInputStream open() throws IOException {
        InputStream in = Files.newInputStream(file);
        try {
            return new DataInputStream(gzip ? new GZIPInputStream(in, CHUNK) : new BufferedInputStream(in, CHUNK));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    /**
     * Returns whether so many bytes may well be in it: gzip that claims to have shrunk more is to be unpacked first.
     */
    public boolean plausible(long bytes) {
        return !gzip || bytes / PLAUSIBLE <= length;
    }

    /** Returns where the number of bytes is from, for messages. */
    public String source() {
        return gzip ? " according to its gzip trailer" : "";
    }

    /** Returns the exception for a failure while the file was read, with the reason. */
    public RuntimeException failure(IOException e) {
        if (e instanceof EOFException) {
            return damaged("it is truncated", e);
        }
        if (e instanceof ZipException) {
            return damaged("its gzip data are damaged", e);
        }
        return InputFile.unreadable(file, e);
    }

    /** Returns the exception for a damaged file: {@code what} is a clause such as {@code it is truncated}. */
    public IllegalArgumentException damaged(String what, @Nullable Exception cause) {
        String kind = format.substring(format.indexOf(' ') + 1).replaceFirst(" file$", "");
        return new IllegalArgumentException(
                file + ": " + what + "; the file is damaged or not " + kind + ", fetch it again", cause);
    }
}
