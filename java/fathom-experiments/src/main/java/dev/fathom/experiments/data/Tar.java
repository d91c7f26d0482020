package dev.fathom.experiments.data;

import dev.fathom.io.AtomicFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * Takes known files out of a tar.gz archive. What the archive says of names, owners and links is not followed: a
 * regular file whose last name and size are known is written under that name, or one whose name matches is handed over;
 * everything else is passed over.
 */
public final class Tar {
    private static final int CHUNK = 1 << 16;

    private Tar() {}

    /**
     * Writes {@code files}, name to bytes, into {@code folder}, each in one move.
     *
     * @throws UncheckedIOException if the archive is damaged or lacks one, or the folder cannot be written
     */
    public static void unpack(Path archive, Path folder, Map<String, Long> files) {
        Set<String> missing = new LinkedHashSet<>(files.keySet());
        try (var in = new TarArchiveInputStream(new GZIPInputStream(Files.newInputStream(archive), CHUNK))) {
            while (!missing.isEmpty()) {
                TarArchiveEntry entry = in.getNextEntry();
                if (entry == null) {
                    String name = missing.iterator().next();
                    throw damaged(archive, "it lacks " + name + " of " + files.get(name) + " bytes", null);
                }
                if (!entry.isCheckSumOK()) {
                    throw damaged(archive, "a header's checksum is wrong", null);
                }
                String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
                if (regular(entry) && Long.valueOf(entry.getSize()).equals(files.get(name)) && missing.remove(name)) {
                    AtomicFile.write(folder.resolve(name), out -> {
                        byte[] chunk = new byte[CHUNK];
                        for (int n = read(archive, in, chunk); n >= 0; n = read(archive, in, chunk)) {
                            out.write(chunk, 0, n);
                        }
                    });
                }
            }
        } catch (IOException e) {
            throw failure(archive, e);
        }
    }

    /** What takes a file of an archive. */
    public interface Sink {
        /** Takes all bytes of the file of this name. */
        void take(String name, byte[] content);
    }

    /**
     * Reads the regular files whose names match in full, in the order of the archive.
     *
     * @param most the bytes that such a file has at most
     * @throws UncheckedIOException if the archive is damaged, or such a file has more bytes
     */
    public static void read(Path archive, Pattern names, int most, Sink to) {
        try (var in = new TarArchiveInputStream(new GZIPInputStream(Files.newInputStream(archive), CHUNK))) {
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (!entry.isCheckSumOK()) {
                    throw damaged(archive, "a header's checksum is wrong", null);
                }
                if (regular(entry) && names.matcher(entry.getName()).matches()) {
                    if (entry.getSize() > most) {
                        throw damaged(
                                archive,
                                entry.getName() + " in it claims " + entry.getSize() + " bytes, but " + most
                                        + " are the most",
                                null);
                    }
                    byte[] content = in.readNBytes(most);
                    if (content.length != entry.getSize()) {
                        throw damaged(archive, "it is truncated", null);
                    }
                    to.take(entry.getName(), content);
                }
            }
        } catch (IOException e) {
            throw failure(archive, e);
        }
    }

    private static boolean regular(TarArchiveEntry entry) {
        return entry.getLinkFlag() == TarConstants.LF_NORMAL || entry.getLinkFlag() == TarConstants.LF_OLDNORM;
    }

    /** What fails here is the archive, and not the file that is written. */
    private static int read(Path archive, InputStream in, byte[] chunk) {
        try {
            return in.read(chunk);
        } catch (IOException e) {
            throw failure(archive, e);
        }
    }

    private static UncheckedIOException failure(Path archive, IOException e) {
        if (e instanceof ZipException) {
            return damaged(archive, "its gzip data are damaged", e);
        }
        if (e instanceof EOFException || String.valueOf(e.getMessage()).startsWith("Truncated")) {
            return damaged(archive, "it is truncated", e);
        }
        if (!(e instanceof FileSystemException)) {
            return damaged(archive, "a header is damaged", e);
        }
        return new UncheckedIOException("cannot read " + archive + ": " + AtomicFile.reason(e), e);
    }

    static UncheckedIOException damaged(Path archive, String what, @Nullable IOException cause) {
        String message = archive + ": " + what + "; remove it and fetch it again";
        return new UncheckedIOException(message, cause == null ? new IOException(message) : cause);
    }
}
