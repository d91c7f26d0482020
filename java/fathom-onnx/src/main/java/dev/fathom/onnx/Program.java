package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A graph that can be run: its nodes in order, its constants, and which of them are weights. */
final class Program {
    /** Operators whose first input alone is data; what their others say is known before the graph runs. */
    private static final Set<String> SETTINGS = Set.of("Resize", "Upsample", "Clip", "Pad");

    private final List<Node> nodes;
    private final List<Value> inputs;
    private final List<Value> outputs;
    private final Map<String, Long> opsets;
    private final Map<String, Array> constants = new HashMap<>();
    private final Map<String, int[]> orders = new HashMap<>();
    private final Map<String, Variable> weights = new LinkedHashMap<>();
    /** Recurrent layers by the names of their nodes' first results. */
    private final Map<String, Recurrence> recurrences = new LinkedHashMap<>();

    private final List<TensorFile.Entry> entries = new ArrayList<>();
    /** How many nodes and outputs read a value. */
    private final Map<String, Integer> readers = new HashMap<>();

    Program(OnnxFile file) throws IOException {
        Graph graph = file.graph();
        opsets = file.opsets();
        outputs = graph.outputs();
        Map<String, Initializer> initializers = new LinkedHashMap<>(graph.initializers());
        nodes = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (n.op().equals("Constant") && n.attributes().get("value") instanceof Initializer constant) {
                String name = n.outputs().isEmpty() ? "" : n.outputs().get(0);
                if (initializers.put(name, constant.named(name)) != null) {
                    throw twice(name);
                }
            } else {
                nodes.add(n.held());
            }
        }
        inputs = graph.inputs().stream()
                .filter(v -> !initializers.containsKey(v.name()))
                .toList();
        mustBeKnown();
        mustBeConnected(initializers);
        for (Node n : nodes) {
            if (Recurrence.is(n)) {
                Recurrence r = Recurrence.of(n, initializers);
                String name = key(n);
                recurrences.put(name, r);
                r.entries()
                        .forEach(e -> entries.add(new TensorFile.Entry(
                                name + "." + e.name(), e.type(), e.stored(), e.dims(), e.bytes(), e.source())));
            }
            for (int i = 0; i < n.inputs().size(); i++) {
                String name = n.inputs().get(i);
                if (Recurrence.is(n) && Recurrence.isWeight(i)) {
                    continue;
                }
                readers.merge(name, 1, Integer::sum);
                Initializer constant = initializers.get(name);
                if (constant != null) {
                    weight(n, i, constant);
                }
            }
        }
        outputs.forEach(v -> readers.merge(v.name(), 2, Integer::sum)); // an output is no kernel's own
        for (Initializer i : initializers.values()) {
            if (!readers.containsKey(i.name())) {
                continue;
            }
            if (!weights.containsKey(i.name())) {
                constants.put(i.name(), Array.read(i));
            } else {
                entries.add(i.entry());
            }
        }
    }

    private static String key(Node n) {
        return n.outputs().stream().filter(o -> !o.isEmpty()).findFirst().orElse(n.name());
    }

    /** The numbers of the weights, as a file of tensors whose names are those of the net's parameters. */
    TensorFile tensors(String file) {
        return new TensorFile(file, entries, Map.of(), () -> {});
    }

    Map<String, Recurrent> layers() {
        Map<String, Recurrent> layers = new LinkedHashMap<>();
        recurrences.forEach((name, r) -> layers.put(name, r.net()));
        return layers;
    }

    /** Floats of more than one element are weights, in the order in which their first reader wants them. */
    private void weight(Node reader, int input, Initializer constant) {
        String name = constant.name();
        int[] dims = Arrays.stream(constant.entry().dims())
                .mapToInt(Math::toIntExact)
                .toArray();
        if (SETTINGS.contains(reader.op()) && input > 0) {
            return;
        }
        boolean some = constant.entry().bytes() > Float.BYTES && dims.length <= Shape.MAX_RANK;
        if (constant.type() != ElementType.FLOAT || !some || weights.containsKey(name)) {
            return;
        }
        int[] order = order(reader, input, dims.length);
        int[] own = Arrays.stream(order).map(d -> dims[d]).toArray();
        int[] back = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            back[order[i]] = i;
        }
        orders.put(name, order);
        boolean statistics = reader.op().equals("BatchNormalization") && input >= 3;
        dev.fathom.parameter.Initializer zeros = (shape, rng) -> new float[(int) shape.size()];
        weights.put(name, statistics ? new Buffer(Shape.of(own), zeros) : new Parameter(Shape.of(own), zeros, back));
    }

    private static int[] order(Node reader, int input, int rank) {
        if (reader.op().equals("Conv") && input == 1) {
            return Held.last(rank);
        }
        boolean plain = reader.op().equals("Gemm")
                && input == 1
                && reader.attributes().getOrDefault("transB", 0L).equals(0L);
        return plain || reader.op().equals("MatMul") && input == 1 && rank == 2
                ? new int[] {1, 0}
                : IntStream.range(0, rank).toArray();
    }

    private static IllegalArgumentException twice(String name) {
        return new IllegalArgumentException("two nodes, or a node and an input, give " + InputFile.quoted(name)
                + "; the file is damaged, export it again");
    }

    private void mustBeKnown() {
        Set<String> unknown = new TreeSet<>();
        for (Node n : nodes) {
            if (Rules.of(n) == null && !Recurrence.is(n)) {
                unknown.add(n.operator());
            }
        }
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("its graph has operators that are not computed here: " + unknown);
        }
    }

    private void mustBeConnected(Map<String, Initializer> initializers) {
        Set<String> there = new HashSet<>(initializers.keySet());
        inputs.forEach(v -> there.add(v.name()));
        there.add("");
        for (Node n : nodes) {
            if (n.outputs().isEmpty()) {
                throw new IllegalArgumentException(
                        "the node " + n + " gives nothing; the file is damaged, export it again");
            }
            for (String in : n.inputs()) {
                if (!there.contains(in)) {
                    throw new IllegalArgumentException("the node " + n + " reads " + InputFile.quoted(in)
                            + ", which no node before it gives; the file is damaged, export it again");
                }
            }
            for (String out : n.outputs()) {
                if (!out.isEmpty() && !there.add(out)) {
                    throw twice(out);
                }
            }
        }
        for (Value v : outputs) {
            if (!there.contains(v.name())) {
                throw new IllegalArgumentException("no node gives the output " + InputFile.quoted(v.name())
                        + "; the file is damaged, export it again");
            }
        }
    }

    Map<String, Variable> weights() {
        return weights;
    }

    List<Value> inputs() {
        return inputs;
    }

    List<Value> outputs() {
        return outputs;
    }

    /** Runs the graph in the current pass. */
    Map<String, Tensor> run(Map<String, Variable> with, Map<String, Recurrent> layers, Tensor... in) {
        if (in.length != inputs.size()) {
            throw new IllegalArgumentException(
                    "the graph takes " + inputs.size() + " inputs, " + inputs + ", but " + in.length + " were given");
        }
        Map<String, @Nullable Object> values = new HashMap<>(constants);
        with.forEach((name, w) -> values.put(name, new Step.Weight(w, requireNonNull(orders.get(name)))));
        for (int i = 0; i < in.length; i++) {
            values.put(inputs.get(i).name(), Held.of(in[i], inputs.get(i).type()));
        }
        for (Node n : nodes) {
            run(n, layers, values);
        }
        Map<String, Tensor> results = new LinkedHashMap<>();
        for (Value v : outputs) {
            Object value = values.get(v.name());
            if (value == null) {
                throw new IllegalArgumentException("the output " + InputFile.quoted(v.name())
                        + " is one that its operator does not compute here; export the model without it");
            }
            results.put(v.name(), Step.held(value).channelsFirst());
        }
        return results;
    }

    private void run(Node n, Map<String, Recurrent> layers, Map<String, @Nullable Object> values) {
        @Nullable Object[] in = n.inputs().stream().map(values::get).toArray();
        boolean fusible = readers.getOrDefault(n.outputs().get(0), 0) == 1;
        Object[] out;
        try {
            Step step = new Step(n, opsets.getOrDefault(n.domain(), 1L), fusible, in);
            Recurrence r = recurrences.get(key(n));
            out = r == null ? requireNonNull(Rules.of(n)).of(step) : r.run(requireNonNull(layers.get(key(n))), step);
        } catch (IllegalArgumentException e) {
            throw e instanceof NodeException ? e : new NodeException(n, e);
        } catch (ArithmeticException | IndexOutOfBoundsException | NegativeArraySizeException e) {
            // a hostile file may give any numbers to any operator
            throw new NodeException(
                    n,
                    new IllegalArgumentException(
                            "its inputs and attributes do not fit together; export the model again", e));
        }
        for (int i = 0; i < Math.min(out.length, n.outputs().size()); i++) {
            values.put(n.outputs().get(i), out[i]);
        }
    }

    /** The type as which a tensor holds such elements. */
    static DType dtype(ElementType type) {
        return type.whole() ? DType.I32 : DType.F32;
    }
}
