package dev.fathom.files;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.InputFile;
import dev.fathom.io.Npy;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * An archive of arrays as NumPy's {@code savez} and {@code savez_compressed} write it (<a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.savez.html">numpy.savez</a>): a zip file whose entries
 * are npy files, each named after its array with {@code .npy} behind it, stored or deflated.
 */
public final class Npz {
    static final String SUFFIX = ".npy";
    /** Deflate makes a byte of at most 1,032; a little more is allowed for the bytes around the data. */
    private static final long MOST_DEFLATED = 1040;

    private Npz() {}

    /**
     * Reads the headers of all arrays, in the order of the archive. Their values are read, and compared with the
     * checksums of the archive, by the methods of {@link Npy} that give them; the archive must not change until then.
     *
     * @throws IllegalArgumentException if the archive or one of its headers is damaged, or an entry is not an array of
     *     a type that {@link Npy} reads
     * @throws UncheckedIOException if it cannot be read
     */
    public static Map<String, Npy> read(Path file) {
        InputFile.mustBeFile(file, "an npz file");
        if (file.getFileSystem() != FileSystems.getDefault()) {
            throw new IllegalArgumentException(
                    "npz: " + file + " lies inside another archive; copy it to a folder first, by Files.copy");
        }
        Map<String, Npy> arrays = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(e -> (ZipEntry) e)::iterator) {
                String name = entry.getName();
                if (entry.isDirectory() || !name.endsWith(SUFFIX)) {
                    throw new IllegalArgumentException(file + ": its entry " + InputFile.quoted(name)
                            + " is not an npy file; remove it, or read the arrays one by one");
                }
                String array = name.substring(0, name.length() - SUFFIX.length());
                if (arrays.containsKey(array)) {
                    throw new IllegalArgumentException(
                            file + ": it has " + InputFile.quoted(name) + " twice; save it again");
                }
                arrays.put(array, Npy.read(new Entry(file, name, entry.getSize(), entry.getCompressedSize())));
            }
        } catch (ZipException e) {
            throw new IllegalArgumentException(file + ": it is not a whole zip file (" + e.getMessage()
                    + "); the file is damaged or not npz, fetch or save it again");
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
        return arrays;
    }

    /** One array of an archive, which is opened anew for each reading. */
    private record Entry(Path file, String name, long size, long compressed) implements Npy.Source {
        @Override
        public InputStream open() throws IOException {
            ZipFile zip = new ZipFile(file.toFile());
            try {
                ZipEntry entry = zip.getEntry(name);
                if (entry == null) {
                    throw new ZipException("the archive has changed since its headers were read");
                }
                return new Verified(zip.getInputStream(entry), entry.getCrc(), zip);
            } catch (IOException | RuntimeException e) {
                zip.close();
                throw e;
            }
        }

        /** Nothing may be allocated for a size that so few compressed bytes cannot have. */
        @Override
        public long bytes() throws IOException {
            if (size / MOST_DEFLATED > compressed) {
                throw new ZipException("it claims " + size + " bytes of " + compressed + " compressed ones");
            }
            return size;
        }

        @Override
        public String toString() {
            return file + ": " + InputFile.quoted(name);
        }
    }

    /** Compares the checksum where the entry ends. */
    private static final class Verified extends CheckedInputStream {
        private final long expected;
        private final ZipFile zip;

        Verified(InputStream in, long expected, ZipFile zip) {
            super(in, new CRC32());
            this.expected = expected;
            this.zip = zip;
        }

        @Override
        public int read() throws IOException {
            return verified(super.read());
        }

        @Override
        public int read(byte[] to, int from, int count) throws IOException {
            return verified(super.read(to, from, count));
        }

        private int verified(int read) throws ZipException {
            if (read < 0 && getChecksum().getValue() != expected) {
                throw new ZipException("its checksum is wrong");
            }
            return read;
        }

        @Override
        public void close() throws IOException {
            zip.close(); // and with it the stream
        }
    }

    /**
     * Writes tensors under their names, deflated, as {@code savez_compressed} does. A failed write leaves the old file
     * as it was.
     *
     * @throws IllegalArgumentException if a name is empty or ends with a slash, or a tensor is BF16, which NumPy does
     *     not have
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> arrays) {
        for (String name : arrays.keySet()) {
            if (name.isEmpty() || name.endsWith("/")) {
                throw new IllegalArgumentException(
                        "npz: " + InputFile.quoted(name) + " is no name of an array; choose another");
            }
        }
        AtomicFile.write(file, out -> {
            ZipOutputStream zip = new ZipOutputStream(out); // finished below, while the caller closes the file
            for (Map.Entry<String, Tensor> array : arrays.entrySet()) {
                ZipEntry entry = new ZipEntry(array.getKey() + SUFFIX);
                entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0)); // so that equal arrays give equal files
                zip.putNextEntry(entry);
                Npy.content(array.getValue()).writeTo(zip);
                zip.closeEntry();
            }
            zip.finish();
        });
    }
}
