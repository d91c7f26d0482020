package dev.fathom.onnx;

import dev.fathom.io.Bytes;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One of the cases by which ONNX tests its operators: a model, inputs and outputs.
 *
 * @param inputs as messages of protocol buffers, like the model
 */
record NodeCase(String name, byte[] model, List<byte[]> inputs, List<byte[]> outputs) {
    /** Reads a case that has a folder of its own. */
    static NodeCase of(Path folder) throws IOException {
        Path set = folder.resolve("test_data_set_0");
        return new NodeCase(
                folder.getFileName().toString(),
                Files.readAllBytes(folder.resolve("model.onnx")),
                all(set, "input_"),
                all(set, "output_"));
    }

    private static List<byte[]> all(Path set, String prefix) throws IOException {
        List<byte[]> all = new ArrayList<>();
        for (Path file; Files.exists(file = set.resolve(prefix + all.size() + ".pb")); ) {
            all.add(Files.readAllBytes(file));
        }
        return all;
    }

    /** Reads the cases of a file, of which {@code test-data/onnx-cases/make.py} tells the form. */
    static List<NodeCase> packed(Path file) throws IOException {
        List<NodeCase> cases = new ArrayList<>();
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            for (Wire all = wire(in.readAllBytes()); all.next(); ) {
                String name = "";
                byte[] model = {};
                List<byte[]> inputs = new ArrayList<>();
                List<byte[]> outputs = new ArrayList<>();
                for (Wire one = all.message(); one.next(); ) {
                    switch (one.field()) {
                        case 1 -> name = one.text();
                        case 2 -> model = one.bytes();
                        case 3 -> inputs.add(one.bytes());
                        default -> outputs.add(one.bytes());
                    }
                }
                cases.add(new NodeCase(name, model, inputs, outputs));
            }
        }
        return cases;
    }

    private static Wire wire(byte... bytes) throws IOException {
        return new Wire(Bytes.of(ByteBuffer.wrap(bytes)));
    }

    private static OnnxFile open(byte... bytes) throws IOException {
        return new OnnxFile(Bytes.of(ByteBuffer.wrap(bytes)), null);
    }

    /** The operators of the model, and the types of elements that go in and come out. */
    record About(String operators, List<ElementType> types) {}

    About about() throws IOException {
        try (OnnxFile file = open(model)) {
            Graph g = file.graph();
            String ops =
                    g.nodes().stream().map(Node::operator).distinct().sorted().collect(Collectors.joining(" "));
            List<ElementType> types = new ArrayList<>();
            g.inputs().forEach(v -> types.add(v.type()));
            g.outputs().forEach(v -> types.add(v.type()));
            return new About(ops, types);
        }
    }

    /**
     * Null where all outputs are right, and else what is wrong.
     *
     * @param file where the model may be written
     */
    @Nullable
    String verdict(Path file) throws IOException {
        Files.write(file, model);
        try (OnnxModel onnx = OnnxModel.read(file);
                Pass pass = Pass.infer()) {
            OnnxNet net = (OnnxNet) onnx.model().net();
            Program program = net.program();
            Object[] in = new Object[program.inputs().size()];
            for (int i = 0; i < in.length; i++) {
                in[i] = given(value(inputs.get(i), program.inputs().get(i), false));
            }
            List<@Nullable Object> out = program.run(net.weights(), net.layers(), in);
            for (int i = 0; i < out.size(); i++) {
                Object want = value(outputs.get(i), program.outputs().get(i), out.get(i) instanceof List);
                String wrong = different(out.get(i), want);
                if (wrong != null) {
                    return "output " + i + ": " + wrong;
                }
            }
            return null;
        } catch (RuntimeException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    /** Constants become tensors, so that kernels are tested, where a tensor can hold them. */
    private static Object given(Object value) {
        if (value instanceof List<?> all) {
            return all.stream().map(NodeCase::given).toList();
        }
        if (value instanceof Lists.Maybe m) {
            return m.value() == null ? m : new Lists.Maybe(given(m.value()));
        }
        Array a = (Array) value;
        boolean held = a.values() instanceof double[]
                || a.values() instanceof long[] all && Arrays.stream(all).allMatch(x -> x == (int) x);
        return held && a.rank() <= 6 ? Held.of(a.tensor(), a.type()) : a;
    }

    // ---- values of files

    /** @param list whether it can only be a list, whose bytes are those of an optional value as well */
    private Object value(byte[] bytes, Value of, boolean list) throws IOException {
        if (of.type() != ElementType.UNDEFINED) {
            return tensor(bytes);
        }
        List<Object> elements = new ArrayList<>();
        int kind = 0;
        for (Wire in = wire(bytes); in.next(); ) {
            switch (in.field()) {
                case 2 -> kind = in.int32();
                case 3 -> elements.add(tensor(in.bytes()));
                case 5 -> elements.add(list(in.bytes()));
                default -> {}
            }
        }
        boolean optional = name.contains("opt") || name.contains("seq_none");
        if (!list && optional && !(kind == 1 && elements.size() > 1)) {
            return new Lists.Maybe(elements.isEmpty() ? null : elements.get(0));
        }
        return elements;
    }

    private static List<Object> list(byte... bytes) throws IOException {
        List<Object> all = new ArrayList<>();
        for (Wire in = wire(bytes); in.next(); ) {
            if (in.field() == 3) {
                all.add(tensor(in.bytes()));
            }
        }
        return all;
    }

    /** A tensor is read as a constant of a graph that has nothing else. */
    private static Array tensor(byte... bytes) throws IOException {
        try (OnnxFile onnx = open(Message.model(new Message().bytes(5, bytes)).done())) {
            return Array.read(onnx.graph().initializers().values().iterator().next());
        }
    }

    // ---- comparing

    /** The nearest numbers that a file can hold, of which neighbors are further apart than what is allowed. */
    private static Array brain(Array of) {
        return Array.read(Held.of(SmallFloat.BRAIN.nearest(of.tensor(), false), of.type()));
    }

    private static @Nullable String different(@Nullable Object ours, @Nullable Object theirs) {
        Object a = ours instanceof Lists.Maybe m ? m.value() : ours;
        Object b = theirs instanceof Lists.Maybe m ? m.value() : theirs;
        if (a == null || b == null) {
            return a == b ? null : "there is " + (a == null ? "none" : "one") + " where the other has some";
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            if (x.size() != y.size()) {
                return x.size() + " elements of a list and not " + y.size();
            }
            for (int i = 0; i < x.size(); i++) {
                String wrong = different(x.get(i), y.get(i));
                if (wrong != null) {
                    return "element " + i + ": " + wrong;
                }
            }
            return null;
        }
        Array x = a instanceof Array known ? known : Array.read(Step.held(a));
        Array y = (Array) b;
        if (!Arrays.equals(x.dims(), y.dims())) {
            return "shape " + Arrays.toString(x.dims()) + " and not " + Arrays.toString(y.dims());
        }
        if (y.type() == ElementType.STRING) {
            return Arrays.equals(x.texts(), y.texts()) ? null : Arrays.toString(x.texts());
        }
        if (x.type() != y.type()) {
            return "type " + x.type() + " and not " + y.type();
        }
        double[] p = (y.type() == ElementType.BFLOAT16 ? brain(x) : x).reals();
        double[] q = y.reals();
        for (int i = 0; i < p.length; i++) {
            boolean whole = y.type().whole();
            boolean equal =
                    Objects.equals(p[i], q[i]) || Math.abs(p[i] - q[i]) <= (whole ? 0 : 1e-7 + 1e-3 * Math.abs(q[i]));
            if (!equal) {
                return "element " + i + " is " + p[i] + " and not " + q[i];
            }
        }
        return null;
    }
}
