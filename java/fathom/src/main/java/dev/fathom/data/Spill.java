package dev.fathom.data;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.MappedFile;
import dev.fathom.op.DType;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Examples that came in parts and lie in a file of their own: example after example, and of each of them field after
 * field. The file is deleted when this source is closed.
 */
final class Spill implements Source {
    private final Path path;
    private final List<Storage.Part> parts;
    private final MappedFile file;
    private final int size;
    /** The largest label of each field. */
    private final int[] most;
    /** How many steps each example has in a ragged field; empty for others. */
    private final int[][] steps;
    /** Where the examples begin; empty if nothing is ragged. */
    private final long[] starts;

    /** Collects examples in a file. */
    static final class Writer implements AutoCloseable {
        private final Path path;
        private final List<Storage.Part> parts;
        private final OutputStream out;
        private final List<IntStream.Builder> steps = new ArrayList<>();
        private final int[] most;
        private int size;
        private boolean done;

        /** Of examples with the fields of a storage. */
        Writer(Path path, Storage like) {
            this.path = path;
            parts = like.parts;
            parts.forEach(p -> steps.add(IntStream.builder()));
            most = new int[parts.size()];
            try {
                out = new BufferedOutputStream(Files.newOutputStream(path, StandardOpenOption.CREATE_NEW), 1 << 16);
            } catch (IOException e) {
                throw new UncheckedIOException(
                        "onDisk: cannot write " + path + ": " + AtomicFile.reason(e)
                                + "; give the path of a file that does not exist",
                        e);
            }
        }

        void add(Storage from, int row) throws IOException {
            if (size++ == Storage.MOST_ROWS) {
                throw new IllegalArgumentException("onDisk: there are more than " + Storage.MOST_ROWS
                        + " examples, which is the most of one dataset; make several");
            }
            for (int f = 0; f < parts.size(); f++) {
                Storage.Part p = parts.get(f);
                if (p.ragged()) {
                    steps.get(f).add((int) from.steps(f, row));
                }
                ByteBuffer values = from.row(f, row);
                ByteBuffer to = ByteBuffer.allocate(values.remaining() * (narrow(p) ? Integer.BYTES : 1))
                        .order(ByteOrder.nativeOrder());
                while (values.hasRemaining()) {
                    if (narrow(p)) {
                        to.putInt(values.get() & 0xff);
                    } else {
                        to.put(values);
                    }
                }
                if (p.as() == Storage.As.LABELS) {
                    most[f] = Math.max(most[f], to.getInt(0));
                }
                out.write(to.array(), 0, to.position());
            }
        }

        /** Ends the file and opens it. */
        Spill spill() throws IOException {
            out.close();
            Spill spill = new Spill(this);
            done = true;
            return spill;
        }

        /** Deletes the file unless it was ended. */
        @Override
        public void close() throws IOException {
            try {
                out.close();
            } finally {
                if (!done) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    private Spill(Writer w) {
        path = w.path;
        parts = w.parts;
        size = w.size;
        most = w.most;
        steps = w.steps.stream().map(s -> s.build().toArray()).toArray(int[][]::new);
        starts = new long[parts.stream().anyMatch(Storage.Part::ragged) ? size : 0];
        for (int i = 1; i < starts.length; i++) {
            starts[i] = starts[i - 1] + bytes(i - 1, parts.size());
        }
        file = MappedFile.open(path);
    }

    /** Whether these are bytes of integers, which become whole ones. */
    private static boolean narrow(Storage.Part p) {
        return p.dtype() == DType.U8 && p.as() != Storage.As.FLOATS;
    }

    /** Of the first fields of an example. */
    private long bytes(int example, int fields) {
        long bytes = 0;
        for (int f = 0; f < fields; f++) {
            Storage.Part p = parts.get(f);
            bytes += p.rowBytes() * (narrow(p) ? Integer.BYTES : 1) * (p.ragged() ? steps[f][example] : 1);
        }
        return bytes;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public List<Field> fields() {
        return IntStream.range(0, parts.size())
                .mapToObj(f -> Field.like(parts.get(f), most[f] + 1))
                .toList();
    }

    @Override
    public int steps(int field, int example) {
        return steps[field][example];
    }

    @Override
    public void read(int field, int example, ByteBuffer to) {
        long start = starts.length > 0 ? starts[example] : example * bytes(example, parts.size());
        file.read(start + bytes(example, field), to);
    }

    @Override
    public void close() throws IOException {
        file.close();
        Files.deleteIfExists(path);
    }
}
