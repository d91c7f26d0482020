package dev.fathom.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.fathom.bench.OnnxFolder.Array;
import dev.fathom.bench.ort.OrtCompare;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A graph of ONNX that is drawn node by node. ONNX Runtime computes each node alone, at two batches, before it joins
 * the graph: a node that it refuses is left out, and so is one whose numbers would make small errors large.
 */
final class RandomGraph {
    private static final int OLDEST = 9;
    private static final int NEWEST = 22;
    private static final int MOST_NUMBERS = 1 << 14;
    private static final double MOST = 100;
    /** How much smaller than what goes in the largest number may be that comes out. */
    private static final double LEAST = 1e-2;

    private static final OrtEnvironment ENV = OrtEnvironment.getEnvironment();

    /**
     * An input, a constant or what a node gives.
     *
     * @param type FLOAT, INT64, INT32 or BOOL
     * @param exact whether all programs compute the same bits, so that it may be compared and rounded
     * @param at at either batch
     */
    record Value(String name, OnnxJavaType type, boolean exact, boolean constant, List<Array> at) {
        boolean real() {
            return type == OnnxJavaType.FLOAT;
        }

        int rank() {
            return at.get(0).dims().length;
        }

        /** The size of a dimension, or -1 where it follows the batch. */
        int dim(int d) {
            int size = at.get(0).dims()[d];
            return size == at.get(1).dims()[d] ? size : -1;
        }

        int[] dims() {
            return IntStream.range(0, rank()).map(this::dim).toArray();
        }

        double low() {
            return at.stream()
                    .flatMapToDouble(a -> IntStream.range(0, a.size()).mapToDouble(a::at))
                    .min()
                    .orElse(0);
        }

        double high() {
            return at.stream()
                    .flatMapToDouble(a -> IntStream.range(0, a.size()).mapToDouble(a::at))
                    .max()
                    .orElse(0);
        }

        double most() {
            return Math.max(-low(), high());
        }

        @Override
        public String toString() {
            return name + " " + type.name().toLowerCase()
                    + Arrays.toString(dims()).replace("-1", "N");
        }
    }

    /** An attribute of a node. */
    record Attribute(String name, Object value) {
        Message message() {
            Message m = new Message().text(1, name);
            if (value instanceof Long n) {
                return m.number(3, n).number(20, 2);
            } else if (value instanceof Float x) {
                return m.floats(2, x).number(20, 1);
            } else if (value instanceof String text) {
                return m.text(4, text).number(20, 3);
            } else if (value instanceof long[] all) {
                return m.number(8, all).number(20, 7);
            }
            return m.add(5, (Message) value).number(20, 4);
        }

        @Override
        public String toString() {
            return name + "="
                    + (value instanceof long[] all
                            ? Arrays.toString(all)
                            : value instanceof Message ? "tensor" : value);
        }
    }

    final Random random;
    final int opset;
    final int[] batches;

    private final List<Value> values = new ArrayList<>();
    private final List<Value> inputs = new ArrayList<>();
    private final Map<String, Message> initials = new LinkedHashMap<>();
    private final Set<String> sizes = new HashSet<>();
    private final Set<String> used = new LinkedHashSet<>();
    private final List<Message> nodes = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final Set<String> read = new HashSet<>();
    private List<Value> outputs = List.of();

    RandomGraph(long seed) {
        random = new Random(seed * 0x5DEECE66DL + 11); // without, neighbors begin alike
        opset = OLDEST + random.nextInt(NEWEST - OLDEST + 1);
        int first = 1 + random.nextInt(3);
        batches = new int[] {first, first + 1 + random.nextInt(2)};
    }

    // ---- what nodes read

    /** One of several, mostly a late one; null if there is none. */
    Value any(Predicate<Value> like) {
        List<Value> some =
                values.stream().filter(v -> !v.constant && like.test(v)).toList();
        if (some.isEmpty()) {
            return null;
        }
        int late = Math.min(3, some.size());
        return random.nextInt(3) > 0
                ? some.get(some.size() - 1 - random.nextInt(late))
                : some.get(random.nextInt(some.size()));
    }

    /** An input whose dimensions follow the batch. */
    Value input(OnnxJavaType type, double low, double high, int... behind) {
        List<Array> at = new ArrayList<>();
        for (int batch : batches) {
            int[] dims =
                    IntStream.concat(IntStream.of(batch), IntStream.of(behind)).toArray();
            at.add(drawn(type, low, high, dims));
        }
        Value v = new Value("x" + inputs.size(), type, true, false, at);
        inputs.add(v);
        values.add(v);
        lines.add(v + " is given");
        return v;
    }

    Value floats(double low, double high, int... dims) {
        return constant(OnnxJavaType.FLOAT, drawn(OnnxJavaType.FLOAT, low, high, dims));
    }

    Value reals(float... numbers) {
        ByteBuffer bytes = space(numbers.length);
        bytes.asFloatBuffer().put(numbers);
        return constant(OnnxJavaType.FLOAT, new Array("", new int[] {numbers.length}, false, bytes));
    }

    /** Whole numbers, of these dimensions or in a line. */
    Value ints(int[] dims, long... numbers) {
        ByteBuffer bytes = space(numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            bytes.putInt(4 * i, (int) numbers[i]);
        }
        return constant(OnnxJavaType.INT64, new Array("", dims, true, bytes));
    }

    Value line(long... numbers) {
        return ints(new int[] {numbers.length}, numbers);
    }

    Value scalar(float number) {
        ByteBuffer bytes = space(1);
        bytes.putFloat(0, number);
        return constant(OnnxJavaType.FLOAT, new Array("", new int[0], false, bytes));
    }

    private Value constant(OnnxJavaType type, Array array) {
        String name = "c" + initials.size();
        Message m = new Message();
        Arrays.stream(array.dims()).forEach(d -> m.number(1, d));
        m.number(2, number(type)).text(8, name);
        for (int i = 0; i < array.size(); i++) {
            if (type == OnnxJavaType.FLOAT) {
                m.floats(4, (float) array.at(i));
            } else {
                m.number(7, (long) array.at(i));
            }
        }
        initials.put(name, m);
        return new Value(name, type, true, true, List.of(array, array));
    }

    private Array drawn(OnnxJavaType type, double low, double high, int... dims) {
        int n = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        ByteBuffer bytes = space(n);
        for (int i = 0; i < n; i++) {
            double x = low + random.nextDouble() * (high - low);
            if (type == OnnxJavaType.FLOAT) {
                bytes.putFloat(4 * i, (float) x);
            } else {
                bytes.putInt(4 * i, (int) Math.floor(x));
            }
        }
        return new Array("", dims, type != OnnxJavaType.FLOAT, bytes);
    }

    private static ByteBuffer space(int n) {
        return ByteBuffer.allocate(4 * n).order(ByteOrder.nativeOrder());
    }

    // ---- nodes

    /**
     * Adds a node.
     *
     * @param exact whether what it gives is exact if what it reads is
     * @param in what it reads, null for an input that is left out
     * @return what it gives; nothing if the node is left out
     */
    List<Value> node(String op, int outs, boolean exact, List<Value> in, Attribute... attributes) {
        List<String> names = IntStream.range(0, outs)
                .mapToObj(i -> "y" + nodes.size() + (outs > 1 ? "_" + i : ""))
                .toList();
        Message node = new Message()
                .text(1, in.stream().map(v -> v == null ? "" : v.name).toArray(String[]::new))
                .text(2, names.toArray(new String[0]))
                .text(4, op);
        for (Attribute a : attributes) {
            node.add(5, a.message());
        }
        List<Value> given =
                in.stream().filter(v -> v != null && !v.constant).distinct().toList();
        boolean bits = exact && in.stream().allMatch(v -> v == null || v.exact);
        List<Message> outputs =
                names.stream().map(name -> new Message().text(1, name)).toList();
        List<String> constants = in.stream()
                .filter(v -> v != null && v.constant)
                .map(Value::name)
                .distinct()
                .toList();
        List<Value> out = alone(model(given, List.of(node), outputs, constants), given, names, bits);
        double most = in.stream()
                .filter(v -> v != null && v.real())
                .mapToDouble(Value::most)
                .max()
                .orElse(0);
        if (out.isEmpty() || !out.stream().allMatch(v -> fits(v, bits ? 0 : LEAST * most))) {
            return List.of();
        }
        nodes.add(node);
        used.addAll(constants);
        given.forEach(v -> read.add(v.name));
        if (op.equals("Shape") || !given.isEmpty() && given.stream().allMatch(v -> sizes.contains(v.name))) {
            out.forEach(v -> sizes.add(v.name)); // no value of its own, for a plan knows no batch
        } else {
            values.addAll(out);
        }
        lines.add(out + " = " + op
                + in.stream().map(v -> v == null ? "" : shown(v)).collect(Collectors.joining(", ", "(", ") "))
                + Arrays.toString(attributes));
        return out;
    }

    private static String shown(Value v) {
        Array a = v.at.get(0);
        return v.constant && a.size() < 9
                ? Arrays.toString(
                        IntStream.range(0, a.size()).mapToDouble(a::at).toArray())
                : v.constant ? v.toString() : v.name;
    }

    private static boolean fits(Value v, double least) {
        return v.at.stream().allMatch(a -> a.size() > 0 && a.size() <= MOST_NUMBERS)
                && v.rank() <= 5
                && v.most() <= (v.real() ? MOST : 1e6)
                && (!v.real() || v.most() >= least);
    }

    private List<Value> alone(byte[] model, List<Value> given, List<String> names, boolean bits) {
        try (OrtSession session = session(model)) {
            List<Map<String, Array>> runs = new ArrayList<>();
            for (int b = 0; b < 2; b++) {
                runs.add(run(session, given, b));
            }
            List<Value> out = new ArrayList<>();
            for (String name : names) {
                OnnxJavaType type =
                        ((TensorInfo) session.getOutputInfo().get(name).getInfo()).type;
                out.add(new Value(
                        name,
                        type,
                        bits,
                        false,
                        List.of(runs.get(0).get(name), runs.get(1).get(name))));
            }
            return out;
        } catch (OrtException | IllegalArgumentException | ArithmeticException e) {
            return List.of();
        }
    }

    private static OrtSession session(byte[] model) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            // as the nodes say: some of its fusions give other numbers, or are refused
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            return ENV.createSession(model, options);
        }
    }

    private static Map<String, Array> run(OrtSession session, List<Value> given, int batch) throws OrtException {
        Map<String, OnnxTensor> in = new LinkedHashMap<>();
        try {
            for (Value v : given) {
                Array a = v.at.get(batch);
                long[] dims = Arrays.stream(a.dims()).asLongStream().toArray();
                in.put(v.name, OrtCompare.tensor(ENV, v.type, a.bytes(), dims));
            }
            Map<String, Array> out = new LinkedHashMap<>();
            try (OrtSession.Result result = session.run(in)) {
                result.forEach(e -> out.put(e.getKey(), OrtCompare.array(e.getKey(), (OnnxTensor) e.getValue())));
            }
            return out;
        } finally {
            in.values().forEach(OnnxTensor::close);
        }
    }

    // ---- the whole

    int size() {
        return nodes.size();
    }

    List<Value> inputs() {
        return inputs;
    }

    /** Chooses the outputs: what no node reads, and some of the others. The file of the graph. */
    byte[] file() {
        List<Value> made = values.stream().filter(v -> v.name.startsWith("y")).toList();
        outputs = made.stream()
                .filter(v -> !read.contains(v.name) || random.nextInt(6) == 0)
                .toList();
        inputs.removeIf(v -> !read.contains(v.name));
        return model(inputs, nodes, outputs.stream().map(RandomGraph::type).toList(), used);
    }

    /** What ONNX Runtime computes of the file at a batch. */
    List<Map<String, Array>> expected(byte[] file) throws OrtException {
        try (OrtSession session = session(file)) {
            return List.of(run(session, inputs, 0), run(session, inputs, 1));
        }
    }

    private byte[] model(List<Value> given, List<Message> all, List<Message> out, Collection<String> constants) {
        Message graph = new Message().add(1, all.toArray(new Message[0])).text(2, "random");
        constants.forEach(name -> graph.add(5, initials.get(name)));
        given.forEach(v -> graph.add(11, info(v)));
        graph.add(12, out.toArray(new Message[0]));
        return new Message()
                .number(1, 8)
                .text(2, "random")
                .add(7, graph)
                .add(8, new Message().number(2, opset))
                .done();
    }

    private static Message info(Value v) {
        Message shape = new Message();
        for (int d : v.dims()) {
            shape.add(1, d < 0 ? new Message().text(2, "N") : new Message().number(1, d));
        }
        return new Message()
                .text(1, v.name)
                .add(
                        2,
                        new Message()
                                .add(1, new Message().number(1, number(v.type)).add(2, shape)));
    }

    private static Message type(Value v) {
        Message tensor = new Message().number(1, number(v.type));
        return new Message().text(1, v.name).add(2, new Message().add(1, tensor));
    }

    private static int number(OnnxJavaType type) {
        return ElementType.valueOf(type.name()).ordinal();
    }

    /** The nodes, a line each. */
    @Override
    public String toString() {
        return "opset " + opset + ", batches " + Arrays.toString(batches) + "\n  " + String.join("\n  ", lines)
                + "\n  gives " + outputs;
    }
}
