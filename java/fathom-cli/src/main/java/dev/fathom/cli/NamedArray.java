package dev.fathom.cli;

import dev.fathom.files.Npz;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.Npy;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What goes into a model or comes out of it, outside any pass.
 *
 * @param whole whether the numbers are integers
 * @param bytes the numbers in native order, of four bytes each: floats or ints
 */
record NamedArray(String name, Shape shape, boolean whole, ByteBuffer bytes) {
    private static final String SUFFIX = ".npy";

    static NamedArray of(String name, Tensor t) {
        return t.dtype().isWhole()
                ? ints(name, t.shape(), t.toIntArray())
                : floats(name, t.shape(), t.to(DType.F32).toArray());
    }

    static NamedArray floats(String name, Shape shape, float[] values) {
        ByteBuffer bytes = buffer(values.length);
        bytes.asFloatBuffer().put(values);
        return new NamedArray(name, shape, false, bytes);
    }

    static NamedArray ints(String name, Shape shape, int[] values) {
        ByteBuffer bytes = buffer(values.length);
        bytes.asIntBuffer().put(values);
        return new NamedArray(name, shape, true, bytes);
    }

    /** A copy of numbers, such as those of a session. */
    static NamedArray copy(String name, Shape shape, DType type, ByteBuffer from) {
        NamedArray copy = new NamedArray(name, shape, type.isWhole(), buffer(shape.size()));
        ByteBuffer elements = from.slice().order(from.order());
        for (int i = 0; i < shape.size(); i++) {
            (type.isWhole() ? DType.I32 : DType.F32).put(copy.bytes, i, type.get(elements, i));
        }
        return copy;
    }

    private static ByteBuffer buffer(long elements) {
        return ByteBuffer.allocate(Math.toIntExact(Float.BYTES * elements)).order(ByteOrder.nativeOrder());
    }

    FloatBuffer floats() {
        return bytes.duplicate().order(ByteOrder.nativeOrder()).rewind().asFloatBuffer();
    }

    IntBuffer ints() {
        return bytes.duplicate().order(ByteOrder.nativeOrder()).rewind().asIntBuffer();
    }

    int size() {
        return (int) shape.size();
    }

    /** The number at this place in row-major order. */
    double at(int i) {
        return whole ? bytes.getInt(Integer.BYTES * i) : bytes.getFloat(Float.BYTES * i);
    }

    /** A tensor of the current pass. */
    Tensor tensor() {
        return whole ? Tensor.ofInts(ints(), shape.toArray()) : Tensor.of(floats(), shape.toArray());
    }

    NamedArray named(String other) {
        return new NamedArray(other, shape, whole, bytes);
    }

    // ---- files

    /** The arrays of an npz file, of an npy file, or of the npy files of a folder, by their names. */
    static Map<String, NamedArray> read(Path from) {
        Map<String, NamedArray> arrays = new LinkedHashMap<>();
        if (Files.isDirectory(from)) {
            try (Stream<Path> files = Files.list(from)) {
                for (Path file : files.filter(f -> f.toString().endsWith(SUFFIX))
                        .sorted()
                        .toList()) {
                    String name = String.valueOf(file.getFileName());
                    name = name.substring(0, name.length() - SUFFIX.length());
                    arrays.put(name, of(name, Npy.read(file)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + from + ": " + e.getMessage(), e);
            }
        } else if (from.toString().endsWith(".npz")) {
            Npz.read(from).forEach((name, npy) -> arrays.put(name, of(name, npy)));
        } else {
            arrays.put("", of("", Npy.read(from)));
        }
        return arrays;
    }

    private static NamedArray of(String name, Npy npy) {
        long elements = npy.shape().size();
        if (elements > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException(
                    npy + " has " + elements + " elements; give at most " + Integer.MAX_VALUE / Float.BYTES);
        }
        ByteBuffer raw =
                ByteBuffer.allocate((int) elements * npy.dtype().bytes()).order(ByteOrder.nativeOrder());
        npy.copyTo((at, count) -> raw.slice((int) at, count).order(ByteOrder.nativeOrder()));
        return copy(name, npy.shape(), npy.dtype(), raw);
    }

    /** The name of its file in a folder. */
    static String file(String name) {
        return name.replaceAll("[^A-Za-z0-9._-]", "_") + SUFFIX;
    }

    /** Writes it into a folder. */
    void write(Path folder) {
        Path file = folder.resolve(file(name));
        if (whole) {
            Npy.write(file, shape, ints());
        } else {
            Npy.write(file, shape, floats());
        }
    }

    /** Writes the numbers alone. */
    void writeRaw(Path file) {
        byte[] all = new byte[bytes.capacity()];
        bytes.get(0, all);
        AtomicFile.write(file, out -> out.write(all));
    }

    static NamedArray readRaw(Path file, String name, Shape shape, boolean whole) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
            if (bytes.remaining() != Float.BYTES * shape.size()) {
                throw new IllegalArgumentException(
                        file + ": it has " + bytes.remaining() + " bytes for " + shape + "; run this again");
            }
            return new NamedArray(name, shape, whole, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Finds the array of a name among those of files, whose names have only plain characters. */
    static List<NamedArray> find(Map<String, NamedArray> arrays, String name) {
        String plain = file(name).substring(0, file(name).length() - SUFFIX.length());
        NamedArray found = arrays.getOrDefault(name, arrays.get(plain));
        return found == null ? List.of() : List.of(found.named(name));
    }
}
