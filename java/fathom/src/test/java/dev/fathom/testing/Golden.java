package dev.fathom.testing;

import dev.fathom.io.Safetensors;
import dev.fathom.op.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of test-data/goldens, whose README.md tells what its names mean: what others compute, and how far from it
 * Fathom may be.
 */
public final class Golden {
    private static final Path FOLDER = Path.of(System.getProperty("fathom.root"), "test-data", "goldens");

    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    /** Reads a file. */
    public Golden(String family) {
        try (Safetensors file = Safetensors.read(path(family))) {
            for (String name : file.names()) {
                float[] v = new float[(int) file.shape(name).size()];
                file.copy(name, FloatBuffer.wrap(v));
                values.put(name, v);
                shapes.put(name, file.shape(name));
            }
        }
    }

    /** Where a file of tensors is. */
    public static Path path(String family) {
        return FOLDER.resolve(family + ".safetensors");
    }

    /** The whole of a file of text. */
    public static String text(String name) {
        try {
            return Files.readString(FOLDER.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of its tensors. */
    public List<String> names() {
        return List.copyOf(values.keySet());
    }

    /** Whether it has this tensor. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** A tensor's shape. */
    public Shape shape(String name) {
        if (!has(name)) {
            throw new AssertionError("no golden is called " + name);
        }
        return shapes.get(name);
    }

    /** A tensor's numbers. */
    public float[] values(String name) {
        shape(name);
        return values.get(name);
    }

    /** The numbers of row {@code i} of a tensor. */
    public float[] row(String name, int i) {
        int n = (int) shape(name).size() / shape(name).dim(0);
        return Arrays.copyOfRange(values(name), i * n, (i + 1) * n);
    }

    /** Its numbers as whole ones. */
    public static int[] whole(float[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }

    /**
     * Fails unless each number is within {@code relative |expected| + absolute}; NaN and infinities must be the same.
     */
    public static void assertClose(String what, float[] found, float[] expected, double relative, double absolute) {
        if (found.length != expected.length) {
            throw new AssertionError(what + " has " + found.length + " numbers, not " + expected.length);
        }
        for (int i = 0; i < found.length; i++) {
            boolean close = Float.isFinite(expected[i])
                    ? Math.abs((double) found[i] - expected[i]) <= relative * Math.abs(expected[i]) + absolute
                    : Float.compare(found[i], expected[i]) == 0;
            if (!close) {
                throw new AssertionError(what + " at " + i + " is " + found[i] + ", not " + expected[i]);
            }
        }
    }
}
