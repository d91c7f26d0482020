package dev.fathom.bench;

import dev.fathom.op.DType;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Where Fathom leaves the model of a row {@code onnx-} for its peers: the file, what goes in, and what came out here.
 *
 * @param path of the folder
 */
public record OnnxFolder(Path path) {
    private static final Path ALL = Path.of(System.getProperty("fathom.root", ""), "bench", "target", "onnx");
    private static final String SIZES = "sizes.txt";
    /** By how much outputs may differ, in parts of the largest magnitude. */
    private static final double WITHIN = 1e-4;

    /**
     * An input or output.
     *
     * @param whole whether it has integers
     * @param values four bytes each
     */
    public record Array(String name, int[] dims, boolean whole, ByteBuffer values) {
        static Array of(String name, int[] dims, float... values) {
            ByteBuffer bytes = space(values.length);
            bytes.asFloatBuffer().put(values);
            return new Array(name, dims, false, bytes);
        }

        static Array of(String name, int[] dims, int... values) {
            ByteBuffer bytes = space(values.length);
            bytes.asIntBuffer().put(values);
            return new Array(name, dims, true, bytes);
        }

        /** What a session computed for an output. */
        public static Array of(Session session, Spec output) {
            ByteBuffer from = session.outputBytes(output.name());
            ByteBuffer values = ByteBuffer.allocate(from.remaining())
                    .order(ByteOrder.nativeOrder())
                    .put(from);
            int[] dims = session.outputShape(output.name()).toArray();
            return new Array(output.name(), dims, output.dtype() != DType.F32, values);
        }

        static ByteBuffer space(int n) {
            return ByteBuffer.allocate(4 * n).order(ByteOrder.nativeOrder());
        }

        /** How many numbers it has. */
        public int size() {
            return values.capacity() / 4;
        }

        /** Its values in the order of this machine. */
        public byte[] bytes() {
            byte[] bytes = new byte[values.capacity()];
            values.get(0, bytes);
            return bytes;
        }

        /** A number. */
        public double at(int i) {
            return whole ? values.getInt(4 * i) : values.getFloat(4 * i);
        }

        /**
         * Compares it with what another program computed.
         *
         * @throws IllegalStateException if they differ by more than 1e-4 of the largest magnitude, or integers at all
         */
        public void check(Array other) {
            double most = IntStream.range(0, other.size())
                    .mapToDouble(i -> Math.abs(other.at(i)))
                    .max()
                    .orElse(0);
            for (int i = 0; i < size(); i++) {
                if (!(Math.abs(at(i) - other.at(i)) <= (whole ? 0 : WITHIN * most))) {
                    throw new IllegalStateException(name + " at " + i + " is " + at(i) + " but " + other.at(i)
                            + " there, where the largest is " + most);
                }
            }
        }
    }

    /** The folder of a model. */
    public static OnnxFolder of(String model) {
        return new OnnxFolder(ALL.resolve(model));
    }

    /** Deletes the folders of all models. */
    static void clear() throws IOException {
        if (Files.exists(ALL)) {
            try (Stream<Path> files = Files.walk(ALL)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** The file of the model. */
    public Path model() {
        return path.resolve("model.onnx");
    }

    /** What goes in. */
    public List<Array> inputs() throws IOException {
        return read("input");
    }

    /** What came out. */
    public List<Array> outputs() throws IOException {
        return read("output");
    }

    /** The sizes of free dimensions by their names. */
    public Map<String, Integer> sizes() throws IOException {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        for (String line : Files.readAllLines(path.resolve(SIZES))) {
            String[] words = line.split("\t");
            sizes.put(words[1], Integer.parseInt(words[0]));
        }
        return sizes;
    }

    void inputs(List<Array> arrays, Map<String, Integer> sizes) throws IOException {
        write("input", arrays);
        Files.write(
                path.resolve(SIZES),
                sizes.entrySet().stream()
                        .map(e -> e.getValue() + "\t" + e.getKey())
                        .toList());
    }

    void outputs(List<Array> arrays) throws IOException {
        write("output", arrays);
    }

    private void write(String kind, List<Array> arrays) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Array a : arrays) {
            Files.write(path.resolve(kind + "-" + lines.size()), a.bytes());
            String dims = Arrays.stream(a.dims).mapToObj(Integer::toString).collect(Collectors.joining(","));
            lines.add((a.whole ? "int" : "float") + "\t" + dims + "\t" + a.name);
        }
        Files.write(path.resolve(kind + "s.txt"), lines);
    }

    private List<Array> read(String kind) throws IOException {
        List<Array> arrays = new ArrayList<>();
        for (String line : Files.readAllLines(path.resolve(kind + "s.txt"))) {
            String[] words = line.split("\t");
            int[] dims = Stream.of(words[1].split(","))
                    .filter(d -> !d.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            ByteBuffer values = ByteBuffer.wrap(Files.readAllBytes(path.resolve(kind + "-" + arrays.size())))
                    .order(ByteOrder.nativeOrder());
            arrays.add(new Array(words[2], dims, words[0].equals("int"), values));
        }
        return arrays;
    }
}
