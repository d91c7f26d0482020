package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.Npy;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Archives of arrays as NumPy's {@code savez} writes them, as files of tensors, each of which is read when asked for.
 */
public final class NpzFormat implements TensorFormat {
    /** For {@link java.util.ServiceLoader}. */
    public NpzFormat() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        return Zip.begins(head)
                && (file.toString().endsWith(".npz")
                        || new String(head, StandardCharsets.ISO_8859_1).contains(Npz.SUFFIX))
                && !new Torch().reads(file, head);
    }

    @Override
    public TensorFile open(Path file) {
        return Opening.tensors(file, "an npz file", (name, data) -> {
            Zip zip = new Zip(name, data);
            List<TensorFile.Entry> entries = new ArrayList<>();
            for (Zip.Entry e : zip.entries().values()) {
                if (e.name().endsWith(Npz.SUFFIX)) {
                    entries.add(entry(name, zip, e));
                }
            }
            if (entries.isEmpty() && !zip.entries().isEmpty()) {
                throw new IllegalArgumentException(
                        "its archive has no arrays, whose names end with .npy; give a file of numpy.savez");
            }
            return new TensorFile(name, entries, Map.of(), data::close);
        });
    }

    private static TensorFile.Entry entry(String file, Zip zip, Zip.Entry e) throws IOException {
        Npy.Layout layout = Npy.layout(new Array(file, e, zip.open(e)));
        long[] dims = IntStream.of(layout.dims()).asLongStream().toArray();
        long bytes = e.size() - layout.begin();
        String name = e.name().substring(0, e.name().length() - Npz.SUFFIX.length());
        TensorFile.Source source = (at, to, n) -> {
            throw new IOException("its type is not read");
        };
        if (layout.stored() != null) {
            int width = layout.stored().bytes();
            if (TensorFile.Entry.elements(dims) * width != bytes) {
                throw Opening.damaged("its array " + InputFile.quoted(name) + " has " + bytes + " bytes, which are not"
                        + " those of the shape " + Arrays.toString(dims) + " of " + layout.stored());
            }
            source = new View(
                    zip.checked(e, layout.begin()),
                    layout.begin(),
                    dims,
                    layout.fortran() ? View.columnMajor(dims) : View.rowMajor(dims),
                    width,
                    layout.order() == ByteOrder.BIG_ENDIAN);
        }
        return new TensorFile.Entry(name, layout.type(), layout.stored(), dims, bytes, source);
    }

    @Override
    public String toString() {
        return "npz";
    }

    /** An entry from its first byte on, for its header. */
    private record Array(String file, Zip.Entry entry, Bytes data) implements Npy.Source {
        @Override
        public InputStream open() {
            return new InputStream() {
                private long at;

                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] to, int from, int count) throws IOException {
                    int n = (int) Math.min(count, Math.min(entry.size() - at, 1 << 12));
                    if (n <= 0) {
                        return count == 0 ? 0 : -1;
                    }
                    byte[] some = new byte[n];
                    data.read(at, some, n);
                    System.arraycopy(some, 0, to, from, n);
                    at += n;
                    return n;
                }
            };
        }

        @Override
        public long bytes() {
            return entry.size();
        }

        @Override
        public String toString() {
            return file + ": " + InputFile.quoted(entry.name());
        }
    }
}
