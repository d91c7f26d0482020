package dev.fathom.labs.data;

import dev.fathom.io.AtomicFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Takes known files out of a tar.gz archive (POSIX ustar). What the archive says of names, owners and links is not followed: a regular file whose
 * last name and size are known is written under that name, everything else is passed over.
 */
public final class Tar {
    private static final int BLOCK = 512;
    private static final int CHUNK = 1 << 16;
    private static final int SIZE = 124;
    private static final int CHECKSUM = 148;
    private static final int TYPE = 156;

    private Tar() {}

    /**
     * Writes {@code files}, name to bytes, into {@code folder}, each in one move.
     *
     * @throws UncheckedIOException if the archive is damaged or lacks one, or the folder cannot be written
     */
    public static void unpack(Path archive, Path folder, Map<String, Long> files) {
        Set<String> missing = new LinkedHashSet<>(files.keySet());
        try (InputStream in = new GZIPInputStream(Files.newInputStream(archive), CHUNK)) {
            byte[] head = new byte[BLOCK];
            while (!missing.isEmpty() && in.readNBytes(head, 0, BLOCK) == BLOCK && head[0] != 0) {
                if (number(head, CHECKSUM, 8) != checksum(head)) {
                    throw damaged(archive, "a header's checksum is wrong", null);
                }
                long size = number(head, SIZE, 12);
                if (size < 0) {
                    throw damaged(archive, "a header's size is no number", null);
                }
                String name = name(head);
                boolean regular = head[TYPE] == '0' || head[TYPE] == 0;
                if (regular && Long.valueOf(size).equals(files.get(name)) && missing.remove(name)) {
                    AtomicFile.write(folder.resolve(name), out -> {
                        byte[] chunk = new byte[CHUNK];
                        for (long left = size; left > 0; ) {
                            int n = read(archive, in, chunk, left);
                            out.write(chunk, 0, n);
                            left -= n;
                        }
                    });
                    in.skipNBytes(-size & BLOCK - 1);
                } else {
                    in.skipNBytes(size + (-size & BLOCK - 1));
                }
            }
        } catch (IOException e) {
            throw failure(archive, e);
        }
        if (!missing.isEmpty()) {
            String name = missing.iterator().next();
            throw damaged(archive, "it lacks " + name + " of " + files.get(name) + " bytes", null);
        }
    }

    /** What fails here is the archive, and not the file that is written. */
    private static int read(Path archive, InputStream in, byte[] chunk, long left) {
        try {
            int n = in.read(chunk, 0, (int) Math.min(chunk.length, left));
            if (n < 0) {
                throw new EOFException();
            }
            return n;
        } catch (IOException e) {
            throw failure(archive, e);
        }
    }

    private static UncheckedIOException failure(Path archive, IOException e) {
        if (e instanceof EOFException) {
            return damaged(archive, "it is truncated", e);
        }
        if (e instanceof ZipException) {
            return damaged(archive, "its gzip data are damaged", e);
        }
        return new UncheckedIOException("cannot read " + archive + ": " + AtomicFile.reason(e), e);
    }

    /** The last name of the path. */
    private static String name(byte[] head) {
        int end = 0;
        while (end < 100 && head[end] != 0) {
            end++;
        }
        String path = new String(head, 0, end, StandardCharsets.ISO_8859_1);
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Octal digits, with spaces before and a space or zero behind; -1 for anything else. */
    private static long number(byte[] head, int at, int length) {
        String digits = new String(head, at, length, StandardCharsets.ISO_8859_1)
                .replace('\0', ' ')
                .strip();
        return digits.matches("[0-7]{1,12}") ? Long.parseLong(digits, 8) : -1;
    }

    /** The sum of the header's bytes, its own field taken as spaces. */
    private static long checksum(byte[] head) {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : head[i] & 0xff;
        }
        return sum;
    }

    private static UncheckedIOException damaged(Path archive, String what, @Nullable IOException cause) {
        String message = archive + ": " + what + "; remove it and fetch it again";
        return new UncheckedIOException(message, cause == null ? new IOException(message) : cause);
    }
}
