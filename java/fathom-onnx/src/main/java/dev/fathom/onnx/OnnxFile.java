package dev.fathom.onnx;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a file of ONNX says (<a href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a>), but for
 * the numbers of its tensors, which stay where they are until they are asked for. Whether the graph makes sense is not
 * looked at here.
 */
final class OnnxFile implements AutoCloseable {
    private static final int MOST_DIMENSIONS = 32;

    private final Bytes data;
    private final @Nullable Path folder;
    /** Files beside this one in which numbers of tensors lie. */
    private final Map<Path, Bytes> others = new HashMap<>();

    private String producer = "";
    private final Map<String, Long> opsets = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Functions.Function> functions = new HashMap<>();
    private final Graph graph;

    /**
     * Reads what the bytes say, which stay open.
     *
     * @param folder where files beside this one lie, or null if there are none
     * @throws IllegalArgumentException if it is damaged
     */
    OnnxFile(Bytes data, @Nullable Path folder) throws IOException {
        this.data = data;
        this.folder = folder;
        Graph found = null;
        for (Wire in = new Wire(data); in.next(); ) {
            switch (in.field()) {
                case 2 -> producer = in.text();
                case 7 -> {
                    if (found != null) {
                        throw damaged("it has two graphs");
                    }
                    found = graph(in.message());
                }
                case 8 -> opset(in.message(), opsets);
                case 14 -> text(in.message(), metadata);
                case 25 -> function(in.message());
                default -> {} // of no use for a run
            }
        }
        if (found == null) {
            throw new IllegalArgumentException("it has no graph and is no ONNX; give the file of a model");
        }
        graph = found;
    }

    /** The program that wrote the file. */
    String producer() {
        return producer;
    }

    /** Versions of the sets of operators by their domains. */
    Map<String, Long> opsets() {
        return opsets;
    }

    Map<String, String> metadata() {
        return metadata;
    }

    Graph graph() {
        return graph;
    }

    /** The functions that the file defines, as {@link Node#function} names them. */
    Map<String, Functions.Function> functions() {
        return functions;
    }

    @Override
    public void close() {
        data.close();
        others.values().forEach(Bytes::close);
    }

    // ---- graphs

    private static void opset(Wire in, Map<String, Long> to) throws IOException {
        String domain = "";
        long version = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> domain = in.text();
                case 2 -> version = in.number();
                default -> {}
            }
        }
        to.put(own(domain), version);
    }

    private static void text(Wire in, Map<String, String> to) throws IOException {
        String key = "";
        String value = "";
        while (in.next()) {
            switch (in.field()) {
                case 1 -> key = in.text();
                case 2 -> value = in.text();
                default -> {}
            }
        }
        to.put(key, value);
    }

    private Graph graph(Wire in) throws IOException {
        List<Node> nodes = new ArrayList<>();
        Map<String, Initializer> initializers = new LinkedHashMap<>();
        List<Value> inputs = new ArrayList<>();
        List<Value> outputs = new ArrayList<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> nodes.add(node(in.message()));
                case 5 -> {
                    Initializer i = tensor(in.message());
                    if (initializers.put(i.name(), i) != null) {
                        throw damaged("it has two initializers called " + InputFile.quoted(i.name()));
                    }
                }
                case 11 -> inputs.add(value(in.message()));
                case 12 -> outputs.add(value(in.message()));
                case 15 ->
                    throw new IllegalArgumentException(
                            "it has a sparse initializer, which is not read; export it dense");
                default -> {}
            }
        }
        return new Graph(nodes, initializers, inputs, outputs);
    }

    private void function(Wire in) throws IOException {
        String name = "";
        String domain = "";
        String overload = "";
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, Object> defaults = new HashMap<>();
        List<Node> nodes = new ArrayList<>();
        Map<String, Long> versions = new HashMap<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 4 -> inputs.add(in.text());
                case 5 -> outputs.add(in.text());
                case 7 -> nodes.add(node(in.message()));
                case 9 -> opset(in.message(), versions);
                case 10 -> domain = in.text();
                case 11 -> {
                    Map.Entry<String, Object> a = attribute(in.message());
                    defaults.put(a.getKey(), a.getValue());
                }
                case 13 -> overload = in.text();
                default -> {}
            }
        }
        Node call = new Node("", name, own(domain), overload, 0, inputs, outputs, defaults);
        if (functions.put(call.function(), new Functions.Function(inputs, outputs, defaults, nodes, versions))
                != null) {
            throw damaged("it has two functions called " + InputFile.quoted(call.operator()));
        }
    }

    /** A domain, of which the standard's own has two names. */
    private static String own(String domain) {
        return domain.equals("ai.onnx") ? "" : domain;
    }

    private Node node(Wire in) throws IOException {
        String name = "";
        String op = "";
        String domain = "";
        String overload = "";
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, Object> attributes = new LinkedHashMap<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> inputs.add(in.text());
                case 2 -> outputs.add(in.text());
                case 3 -> name = in.text();
                case 4 -> op = in.text();
                case 5 -> {
                    Map.Entry<String, Object> a = attribute(in.message());
                    if (attributes.put(a.getKey(), a.getValue()) != null) {
                        throw damaged("a node has the attribute " + InputFile.quoted(a.getKey()) + " twice");
                    }
                }
                case 7 -> domain = in.text();
                case 8 -> overload = in.text();
                default -> {}
            }
        }
        return new Node(name, op, own(domain), overload, 0, inputs, outputs, attributes);
    }

    // ---- attributes

    /** The name and the value of an attribute; {@link Node} tells the kinds of values. */
    private Map.Entry<String, Object> attribute(Wire in) throws IOException {
        String name = "";
        String reference = "";
        int type = 0;
        float real = 0;
        long whole = 0;
        String text = "";
        Initializer tensor = null;
        Graph graph = null;
        List<Float> reals = new ArrayList<>();
        List<Long> wholes = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        List<Initializer> tensors = new ArrayList<>();
        List<Graph> graphs = new ArrayList<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 2 -> real = in.float32();
                case 3 -> whole = in.number();
                case 4 -> text = in.text();
                case 5 -> tensor = tensor(in.message());
                case 6 -> graph = graph(in.message());
                case 7 -> in.fixed(Float.BYTES, bits -> reals.add(Float.intBitsToFloat((int) bits)));
                case 8 -> in.numbers(wholes::add);
                case 9 -> texts.add(in.text());
                case 10 -> tensors.add(tensor(in.message()));
                case 11 -> graphs.add(graph(in.message()));
                case 20 -> type = in.int32();
                case 21 -> reference = in.text();
                default -> {}
            }
        }
        if (!reference.isEmpty()) {
            return Map.entry(name, new Functions.Reference(reference));
        }
        if (type == 0) { // files of the first version of the format do not tell
            type = tensor != null
                    ? 4
                    : graph != null ? 5 : !reals.isEmpty() ? 6 : !wholes.isEmpty() ? 7 : !texts.isEmpty() ? 8 : 0;
        }
        Object value = switch (type) {
            case 1 -> real;
            case 2 -> whole;
            case 3 -> text;
            case 4 -> tensor;
            case 5 -> graph;
            case 6 -> {
                float[] all = new float[reals.size()];
                for (int i = 0; i < all.length; i++) {
                    all[i] = reals.get(i);
                }
                yield all;
            }
            case 7 -> wholes.stream().mapToLong(Long::longValue).toArray();
            case 8 -> texts;
            case 9 -> tensors;
            case 10 -> graphs;
            case 13, 14 -> ""; // the type of a value, of no use for a run
            default ->
                throw new IllegalArgumentException("the attribute " + InputFile.quoted(name) + " is of the kind " + type
                        + ", which is not read; export the model without it");
        };
        if (value == null) {
            throw damaged("the attribute " + InputFile.quoted(name) + " has no value");
        }
        return Map.entry(name, value);
    }

    // ---- values

    private static Value value(Wire in) throws IOException {
        String name = "";
        ElementType type = ElementType.UNDEFINED;
        List<Value.Dimension> dims = null;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 2 -> {
                    for (Wire of = in.message(); of.next(); ) {
                        if (of.field() == 1) {
                            for (Wire tensor = of.message(); tensor.next(); ) {
                                switch (tensor.field()) {
                                    case 1 -> type = ElementType.of(tensor.int32());
                                    case 2 -> dims = dims(tensor.message());
                                    default -> {}
                                }
                            }
                        }
                    }
                }
                default -> {}
            }
        }
        return new Value(name, type, dims);
    }

    private static List<Value.Dimension> dims(Wire in) throws IOException {
        List<Value.Dimension> dims = new ArrayList<>();
        while (in.next()) {
            if (in.field() == 1) {
                long size = -1;
                String name = "";
                for (Wire dim = in.message(); dim.next(); ) {
                    switch (dim.field()) {
                        case 1 -> size = size(dim.number());
                        case 2 -> name = dim.text();
                        default -> {}
                    }
                }
                dims.add(new Value.Dimension(size, name));
            }
        }
        return dims;
    }

    private static long size(long given) {
        if (given > Integer.MAX_VALUE) {
            throw damaged("an input or output has a dimension of " + given + ", more than an int counts");
        }
        return Math.max(given, -1);
    }

    // ---- tensors

    private Initializer tensor(Wire in) throws IOException {
        String name = "";
        List<Long> sizes = new ArrayList<>();
        int number = 0;
        boolean elsewhere = false;
        Map<String, String> external = new LinkedHashMap<>();
        List<String> strings = new ArrayList<>();
        long begin = -1; // of the numbers as they lie in the file
        long length = 0;
        Packing packed = new Packing();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> in.numbers(sizes::add);
                case 2 -> number = in.int32();
                case 3 -> throw new IllegalArgumentException("a tensor of it comes in segments, which are not read");
                case 4, 9, 10 -> {
                    if (in.packed()) {
                        if (begin >= 0) {
                            throw new IllegalArgumentException("a tensor of it comes in pieces, which are not read");
                        }
                        begin = in.begin();
                        length = in.length();
                    } else {
                        in.fixed(in.field() == 4 ? Float.BYTES : Double.BYTES, packed::add);
                    }
                }
                case 5, 7, 11 -> in.numbers(packed::add);
                case 6 -> strings.add(in.text());
                case 8 -> name = in.text();
                case 13 -> text(in.message(), external);
                case 14 -> elsewhere = in.number() == 1;
                default -> {}
            }
        }
        ElementType type = ElementType.of(number);
        long[] dims = sizes.stream().mapToLong(Long::longValue).toArray();
        long elements = TensorFile.Entry.elements(dims);
        String called = "tensor " + InputFile.quoted(name);
        if (dims.length > MOST_DIMENSIONS || elements < 0 || sizes.stream().anyMatch(d -> d > Integer.MAX_VALUE)) {
            throw damaged(called + " claims the shape " + Arrays.toString(dims) + ", which no memory holds");
        }
        if (type == ElementType.STRING) {
            if (strings.size() != elements) {
                throw damaged(called + " of shape " + Arrays.toString(dims) + " has " + strings.size() + " texts");
            }
            return new Initializer(type, entry(name, type, dims, 0, (at, to, n) -> {}), strings);
        }
        if (type.stored == null) {
            return new Initializer(type, entry(name, type, dims, 0, (at, to, n) -> {}), List.of());
        }
        long bytes = (elements * type.bits + 7) / 8;
        TensorFile.Source source;
        long there;
        if (elsewhere) {
            source = external(called, external, bytes);
            there = bytes;
        } else if (begin >= 0) {
            long from = begin;
            source = (at, to, n) -> data.read(from + at, to, n);
            there = length;
        } else {
            byte[] all = packed.bytes((type.bits + 7) / 8);
            source = (at, to, n) -> System.arraycopy(all, (int) at, to, 0, n);
            there = all.length;
        }
        if (there != bytes) {
            throw damaged(called + " of shape " + Arrays.toString(dims) + " and type " + type + " takes " + bytes
                    + " bytes but " + there + " are there");
        }
        long wide = elements * type.stored.bytes();
        source = wide == bytes ? source : type.unpacked(source);
        return new Initializer(type, entry(name, type, dims, wide, source), List.of());
    }

    private static TensorFile.Entry entry(
            String name, ElementType type, long[] dims, long bytes, TensorFile.Source source) {
        return new TensorFile.Entry(name, type.toString(), type.stored, dims, bytes, source);
    }

    /** Numbers that the file writes one by one, in as few bytes as their type takes. */
    private static final class Packing {
        private long[] values = new long[0];
        private int count;

        void add(long value) {
            if (count == values.length) {
                values = Arrays.copyOf(values, Math.max(16, 2 * count));
            }
            values[count++] = value;
        }

        byte[] bytes(int width) {
            if ((long) count * width > Bytes.MOST) {
                throw new IllegalArgumentException("a tensor of it has " + count
                        + " numbers that are written one by one, which no array holds; export it as raw data");
            }
            byte[] bytes = new byte[count * width];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (values[i / width] >>> 8 * (i % width));
            }
            return bytes;
        }
    }

    // ---- numbers in another file

    private TensorFile.Source external(String called, Map<String, String> where, long bytes) throws IOException {
        String location = where.getOrDefault("location", "");
        if (folder == null) {
            throw new IllegalArgumentException(called + " lies in the file " + InputFile.quoted(location)
                    + " beside the model, which was not read from a folder; give its path");
        }
        Path file = within(folder, called, location);
        long offset = whole(called, where.getOrDefault("offset", "0"));
        long length = where.containsKey("length") ? whole(called, where.get("length")) : bytes;
        if (length != bytes) {
            throw damaged(called + " takes " + bytes + " bytes but its part of " + location + " has " + length);
        }
        Bytes other = others.computeIfAbsent(file, f -> Bytes.mapped(f, "the data of the model"));
        if (offset > other.length() - bytes) {
            throw damaged(called + " takes " + bytes + " bytes from " + offset + " on of " + location + ", which has "
                    + other.length());
        }
        return (at, to, n) -> other.read(offset + at, to, n);
    }

    /** A file of the model's own folder, so that a model cannot make others readable. */
    private static Path within(Path folder, String called, String location) {
        Path path;
        try {
            path = Path.of(location).normalize();
        } catch (InvalidPathException e) {
            path = Path.of("..");
        }
        if (location.isEmpty() || path.isAbsolute() || path.startsWith("..")) {
            throw new IllegalArgumentException(called + " lies in the file " + InputFile.quoted(location)
                    + ", which is not within the folder of the model; move it there and export the model again");
        }
        return folder.resolve(path);
    }

    private static long whole(String called, String text) {
        try {
            long value = Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw damaged(called + " has " + InputFile.quoted(text) + " where a number of bytes should stand");
    }

    private static IllegalArgumentException damaged(String what) {
        return new IllegalArgumentException(what + "; the file is damaged, export or fetch it again");
    }
}
