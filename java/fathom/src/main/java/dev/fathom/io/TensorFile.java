package dev.fathom.io;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The named tensors of an open file, whatever its format. {@link #open} reads safetensors and each format that a module
 * beside the library brings as a {@link TensorFormat}.
 *
 * <p>F16, BF16, F32 and F64 (rounded) are read as F32; I8, I16, U16 and I32 are read as I32, and so are U32, I64 and
 * U64 if every value fits; U8 and BOOL are read as U8. {@link #tensorAsStored} keeps I8, F16 and BF16. Integers can
 * also be copied to floats if that changes no value.
 *
 * <p>Close it after use (a forgotten one is closed by the collector); names, shapes and texts stay readable. Any thread
 * may use it.
 */
public sealed class TensorFile implements AutoCloseable permits Safetensors {
    static final int CHUNK = 1 << 18;

    /** What a process has addresses for. */
    private static final long MOST_BYTES = 1L << 47;

    private final String file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata;
    private final List<String> names;
    private final Runnable release;
    private boolean closed;
    private @Nullable Object closedAt;

    /** The numbers of one tensor: row-major, little-endian, without a gap. */
    public interface Source {
        /**
         * Fills the first {@code n} places of {@code to} with the tensor's bytes from {@code at} on. Calls of one file
         * never overlap.
         *
         * @throws EOFException if the file has become shorter
         * @throws IOException if the system cannot read it
         */
        void read(long at, byte[] to, int n) throws IOException;
    }

    /**
     * What a file says of one tensor.
     *
     * @param type what the file calls the type of its numbers
     * @param stored how the source gives the numbers, or null for a type that is not read
     * @param dims its dimensions, which may be more than a tensor here can have
     * @param bytes how many it takes in the file
     */
    public record Entry(String name, String type, @Nullable Stored stored, long[] dims, long bytes, Source source) {
        /**
         * Checks the dimensions.
         *
         * @throws IllegalArgumentException if one is negative, or no memory holds them
         */
        public Entry {
            if (elements(dims) < 0) {
                throw new IllegalArgumentException("tensor " + InputFile.quoted(name) + " claims the shape "
                        + Arrays.toString(dims) + ", which no memory holds");
            }
        }

        /** Returns the product of these dimensions, or -1 if one is negative or no memory holds so many numbers. */
        public static long elements(long[] dims) {
            long elements = 1;
            long others = 1; // without the zeros
            for (long d : dims) {
                if (d < 0 || d > MOST_BYTES / others) {
                    return -1;
                }
                elements *= d;
                others *= Math.max(d, 1);
            }
            return elements;
        }

        /** Its shape, or null where a tensor cannot have it. */
        private @Nullable Shape shape() {
            int[] shape = new int[dims.length];
            boolean fits = dims.length <= Shape.MAX_RANK;
            long others = 1;
            for (int i = 0; i < dims.length; i++) {
                shape[i] = (int) dims[i];
                others *= Math.max(dims[i], 1);
                fits &= others <= Integer.MAX_VALUE; // a FloatBuffer has at most 2^31 - 1 elements
            }
            return fits ? Shape.of(shape) : null;
        }
    }

    /**
     * Makes a file of these tensors, as a reader of a format does that has checked their places, or a view of another
     * file that gives it other names.
     *
     * @param file what errors call it
     * @param entries in the order of the file
     * @param metadata the texts beside the tensors
     * @param release what {@link #close} calls, once
     * @throws IllegalArgumentException if two have one name
     */
    public TensorFile(String file, Collection<Entry> entries, Map<String, String> metadata, Runnable release) {
        for (Entry e : entries) {
            if (this.entries.put(e.name, e) != null) {
                throw new IllegalArgumentException(file + ": two tensors are called " + InputFile.quoted(e.name)
                        + "; the file is damaged, fetch or save it again");
            }
        }
        this.file = file;
        this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        this.names = List.copyOf(this.entries.keySet());
        this.release = release;
    }

    /**
     * Opens a file and checks what it says of its tensors: safetensors, or the format of a module that is there.
     *
     * @throws IllegalArgumentException if it is damaged, or of a format that none of them reads, which is named with
     *     the module that does
     * @throws UncheckedIOException if it cannot be read
     */
    public static TensorFile open(Path file) {
        if (file.toString().endsWith(".safetensors")) {
            return Safetensors.read(file); // without a search for modules
        }
        Bytes data = Bytes.of(file, "a file of tensors");
        byte[] head;
        try {
            head = new byte[(int) Math.min(Kind.HEAD, data.length())];
            data.read(0, head, head.length);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        } finally {
            data.close();
        }
        for (TensorFormat format : ServiceLoader.load(TensorFormat.class, TensorFormat.class.getClassLoader())) {
            if (format.reads(file, head)) {
                return format.open(file);
            }
        }
        return Safetensors.read(file);
    }

    /** Returns the names of the tensors, in the order of the file. */
    public final List<String> names() {
        return names;
    }

    /** Returns the texts that the file carries beside its tensors. */
    public final Map<String, String> metadata() {
        return metadata;
    }

    /** Returns what errors call it: the path of the file, or the name that it was given. */
    @Override
    public final String toString() {
        return file;
    }

    /**
     * Returns what the file says of a tensor.
     *
     * @throws IllegalArgumentException if it has none of this name
     */
    public final Entry entry(String name) {
        Entry e = entries.get(name);
        if (e == null) {
            throw new IllegalArgumentException(file + " has no tensor " + InputFile.quoted(name) + "; it holds "
                    + names.stream().map(InputFile::plain).toList());
        }
        return e;
    }

    /**
     * Returns the shape of a tensor.
     *
     * @throws IllegalArgumentException if the file has none of this name, or it has more dimensions or elements than a
     *     tensor may have
     */
    public final Shape shape(String name) {
        return shape(entry(name));
    }

    private Shape shape(Entry e) {
        Shape shape = e.shape();
        if (shape == null) {
            throw new IllegalArgumentException(file + ": tensor " + InputFile.quoted(e.name) + " "
                    + Arrays.toString(e.dims) + " has "
                    + (e.dims.length > Shape.MAX_RANK
                            ? e.dims.length + " dimensions but a tensor has at most " + Shape.MAX_RANK
                            : "more than " + Integer.MAX_VALUE + " elements, which no buffer holds")
                    + "; reshape or split it before it is saved, or leave it out");
        }
        return shape;
    }

    private Stored stored(Entry e) {
        if (e.stored == null) {
            throw new IllegalArgumentException(file + ": tensor " + InputFile.quoted(e.name) + " has the dtype "
                    + InputFile.quoted(e.type) + " but " + Arrays.toString(Stored.values())
                    + " are read; convert it before it is saved, or leave it out");
        }
        return e.stored;
    }

    /**
     * Returns the type as which a tensor is read.
     *
     * @throws IllegalArgumentException if the file has none of this name, or its numbers are of a type that is not read
     */
    public final DType dtype(String name) {
        return stored(entry(name)).dtype();
    }

    /**
     * Reads a tensor of the file into a tensor of the current pass, of type {@link #dtype}.
     *
     * @throws IllegalArgumentException if the file has none of this name, a value does not fit, or the file has shrunk
     *     since it was opened
     * @throws IllegalStateException if no pass is open or the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public final Tensor tensor(String name) {
        return tensor(entry(name), dtype(name));
    }

    /**
     * Reads a tensor of the file into a tensor of the current pass in the type that the file has where tensors have it
     * too: I8, F16 and BF16 stay as they are, and others become what {@link #tensor} makes of them.
     *
     * @throws IllegalArgumentException as {@link #tensor}
     * @throws IllegalStateException if no pass is open or the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public final Tensor tensorAsStored(String name) {
        Entry e = entry(name);
        return tensor(e, stored(e).kept());
    }

    private Tensor tensor(Entry e, DType type) {
        Stored stored = stored(e);
        Tensor t = Values.create(Tensor.class, shape(e), type);
        long address = Values.address(t);
        int width = type.bytes();
        values(e, 1, (from, n, at) -> stored.convert(from, n, Block.at(address + at * width, n * width), type));
        return t;
    }

    /**
     * Copies a tensor to where {@code to} has its position, which does not move.
     *
     * @param order as it was given to {@link Safetensors.Writer#add(String, Shape, FloatBuffer, int...)}: dimension i
     *     of the file is dimension {@code order[i]} of what is copied; without any the dimensions stay as they are
     * @throws IllegalArgumentException if the file has none of this name, {@code to} has not room for exactly its
     *     elements, the order does not name each dimension once, a value is no float32, or the file has shrunk since it
     *     was opened
     * @throws IllegalStateException if the file was closed
     * @throws UncheckedIOException if the file cannot be read
     * @throws NativeException if dimensions change places and the native library cannot be loaded
     * @throws NativeMemoryException if dimensions change places and the limit of native memory leaves no room for half
     *     a megabyte
     */
    public final void copy(String name, FloatBuffer to, int... order) {
        Entry e = entry(name, to);
        Stored stored = stored(e);
        Places places = order.length == 0 ? null : Places.of(shape(e), order);
        if (places == null || places.inOrder()) {
            FloatBuffer target = to.duplicate();
            values(e, 1, (from, n, at) -> stored.floats(from, n, target));
        } else if (places.row() > 0 && places.row() <= CHUNK / Double.BYTES) {
            copyRows(e, places, to.duplicate());
        } else {
            FloatBuffer target = to.slice();
            FloatBuffer chunk = FloatBuffer.allocate(Math.min(CHUNK / Float.BYTES, to.remaining()));
            values(e, 1, (from, n, at) -> {
                int fine = stored.floats(from, n, chunk.clear());
                places.put(chunk, fine, target);
                return fine;
            });
        }
    }

    /** Copies a tensor whose rows keep their order; a kernel puts the elements of each row in order. */
    private void copyRows(Entry e, Places places, FloatBuffer to) {
        Stored stored = stored(e);
        Commands commands = new Commands();
        try (Block rows = new Block("chunk", 2L * CHUNK)) {
            long turned = rows.address() + CHUNK;
            FloatBuffer asRead = rows.view(0, CHUNK).asFloatBuffer();
            FloatBuffer inOrder = rows.view(CHUNK, CHUNK).asFloatBuffer();
            values(e, places.row(), (from, n, at) -> {
                int fine = stored.floats(from, n, asRead.clear());
                places.permute(commands, rows.address(), n / places.row(), turned);
                to.put(inOrder.clear().limit(n));
                return fine;
            });
        }
    }

    /**
     * Copies a tensor of integers to where {@code to} has its position, which does not move.
     *
     * @throws IllegalArgumentException if the file has none of this name, it holds floats, {@code to} has not room for
     *     exactly its elements, a value does not fit an int, or the file has shrunk since it was opened
     * @throws IllegalStateException if the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public final void copy(String name, IntBuffer to) {
        Entry e = entry(name, to);
        Stored stored = stored(e);
        if (stored.dtype() == DType.F32) {
            throw new IllegalArgumentException(
                    "copy: " + InputFile.quoted(name) + " holds " + stored + "; copy it to a FloatBuffer");
        }
        IntBuffer target = to.duplicate();
        values(e, 1, (from, n, at) -> stored.ints(from, n, target));
    }

    private Entry entry(String name, Buffer to) {
        Entry e = entry(name);
        Shape shape = shape(e);
        if (to.remaining() != shape.size()) {
            throw new IllegalArgumentException("copy: " + InputFile.quoted(name) + " " + shape + " has " + shape.size()
                    + " elements but the buffer has room for " + to.remaining() + "; give one of exactly that size");
        }
        return e;
    }

    /**
     * Takes {@code n} values, the first of which is number {@code at}; returns how many before one that does not fit.
     */
    private interface Sink {
        int take(ByteBuffer from, int n, long at);
    }

    /** Gives a sink the values of a tensor, as many of its units at a time as a chunk holds as floats. */
    private void values(Entry e, int unit, Sink sink) {
        Stored stored = stored(e);
        long size = shape(e).size();
        int width = stored.bytes();
        int most = CHUNK / Math.max(width, Float.BYTES) / unit * unit;
        byte[] chunk = new byte[(int) Math.min(most, size) * width];
        ByteBuffer from = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
        mustBeOpen("copy");
        for (long at = 0; at < size; at += chunk.length / width) {
            int n = (int) Math.min(chunk.length / width, size - at);
            read("copy", e, at * width, chunk, n * width);
            int fine = sink.take(from, n, at);
            if (fine < n) {
                throw new IllegalArgumentException(file + ": element " + (at + fine) + " of "
                        + InputFile.quoted(e.name) + ", " + stored.text(from, fine) + " in " + stored
                        + ", does not fit; convert the tensor before it is saved");
            }
        }
    }

    final void read(String who, Entry e, long at, byte[] to, int n) {
        synchronized (entries) {
            mustBeOpen(who);
            try {
                e.source.read(at, to, n);
            } catch (EOFException gone) {
                throw new IllegalArgumentException(
                        file + ": the file has been truncated since it was opened; fetch or save it again", gone);
            } catch (IOException failed) {
                throw InputFile.unreadable(file, failed);
            }
        }
    }

    final void mustBeOpen(String who) {
        synchronized (entries) {
            if (closed) {
                throw new IllegalStateException(who + ": " + file + " was closed at " + OffHeap.render(closedAt) + "; "
                        + who + " before the close");
            }
        }
    }

    /** Closes the file; names, shapes and texts stay readable. Closing twice does nothing. */
    @Override
    public final void close() {
        synchronized (entries) {
            if (!closed) {
                closed = true;
                closedAt = OffHeap.callSite();
                release.run();
            }
        }
    }
}
