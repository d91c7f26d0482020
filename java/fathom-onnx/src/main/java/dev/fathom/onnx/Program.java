package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.io.InputFile;
import dev.fathom.op.DType;
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
import org.jspecify.annotations.Nullable;

/** A graph that can be run: its nodes in order, its constants, and which of them are weights. */
final class Program {
    /**
     * A node and what is known of it before the graph runs.
     *
     * @param key the name of its layer, if it has one
     * @param fusible whether only one other node reads what it gives
     * @param sized whether an input follows from the sizes of what the graph is given
     */
    private record Placed(Node node, Operator operator, String key, boolean fusible, boolean sized) {}

    private final List<Placed> nodes = new ArrayList<>();
    private final List<Value> inputs;
    private final List<Value> outputs;
    private final Map<String, CustomOperator> own;
    private final Weights weights;
    private final Map<String, Array> constants = new HashMap<>();
    /** The names of the graph's weights, and those of their parameters. */
    private final Map<String, String> parameters = new LinkedHashMap<>();
    /** How many nodes and outputs read a value. */
    private final Map<String, Integer> readers = new HashMap<>();
    /** Before the names of parameters: empty but for the graph of an attribute. */
    private final String prefix;

    /** @param own operators by their domains and names, before those of the library */
    Program(OnnxFile file, Map<String, CustomOperator> own) throws IOException {
        this(Functions.inlined(file, own.keySet()), own, new Weights(), "", Set.of(), Set.of());
    }

    private Program(
            Graph graph,
            Map<String, CustomOperator> own,
            Weights weights,
            String prefix,
            Set<String> outer,
            Set<String> outerSized)
            throws IOException {
        this.own = own;
        this.weights = weights;
        this.prefix = prefix;
        outputs = graph.outputs();
        Map<String, Initializer> initializers = new LinkedHashMap<>(graph.initializers());
        List<Node> given = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (n.op().equals("Constant") && n.attributes().get("value") instanceof Initializer constant) {
                String name = n.outputs().isEmpty() ? "" : n.outputs().get(0);
                if (initializers.put(name, constant.named(name)) != null) {
                    throw twice(name);
                }
            } else {
                given.add(n);
            }
        }
        inputs = graph.inputs().stream()
                .filter(v -> !initializers.containsKey(v.name()))
                .toList();
        Set<String> missing = Operators.missing(graph);
        missing.removeAll(own.keySet());
        if (!missing.isEmpty()) { // of the graphs of attributes as well
            throw new IllegalArgumentException("its graph has operators that are not computed here: " + missing);
        }
        Set<String> there = new HashSet<>(outer);
        there.addAll(initializers.keySet());
        mustBeConnected(given, there);
        given = rewritten(given, initializers);
        for (Node n : given) {
            read(n, initializers);
        }
        outputs.forEach(v -> readers.merge(v.name(), 2, Integer::sum)); // an output is no kernel's own
        Set<String> sized = new HashSet<>(outerSized);
        for (Node n : given) {
            boolean ofSizes = n.inputs().stream().anyMatch(sized::contains);
            if (ofSizes || n.operator().equals("Shape") || n.operator().equals("Size")) {
                sized.addAll(n.outputs());
            }
            nodes.add(new Placed(
                    held(n, there, sized),
                    requireNonNull(operator(n)),
                    prefix + key(n),
                    readers.getOrDefault(n.outputs().get(0), 0) == 1,
                    ofSizes));
        }
        for (Initializer i : initializers.values()) {
            if (readers.containsKey(i.name()) && !parameters.containsKey(i.name())) {
                constants.put(i.name(), Array.read(i));
            }
        }
    }

    /**
     * Returns fewer nodes that compute what these do; the same ones where a name of the standard is a user's operator.
     */
    private List<Node> rewritten(List<Node> given, Map<String, Initializer> initializers) throws IOException {
        if (own.keySet().stream().anyMatch(name -> name.indexOf('.') < 0)) {
            return given;
        }
        Set<String> kept = new HashSet<>();
        outputs.forEach(v -> kept.add(v.name()));
        given.forEach(n -> n.graphs().forEach(g -> readWithin(g, kept)));
        return Rewriting.of(given, initializers, kept);
    }

    private static void readWithin(Graph g, Set<String> names) {
        g.outputs().forEach(v -> names.add(v.name()));
        for (Node n : g.nodes()) {
            names.addAll(n.inputs());
            n.graphs().forEach(inner -> readWithin(inner, names));
        }
    }

    private @Nullable Operator operator(Node n) {
        CustomOperator custom = own.get(n.operator());
        return custom == null ? Operators.of(n) : new Operator(s -> s.compute(custom));
    }

    private static String key(Node n) {
        return n.outputs().stream().filter(o -> !o.isEmpty()).findFirst().orElse(n.name());
    }

    /** Notes what a node reads, also within the graphs of its attributes. */
    private void read(Node n, Map<String, Initializer> initializers) throws IOException {
        if (Recurrence.is(n) && Recurrence.isLayer(n, initializers)) {
            weights.add(prefix + key(n), Recurrence.of(n, initializers));
        }
        Operator operator = operator(n);
        for (int i = 0; i < n.inputs().size(); i++) {
            String name = n.inputs().get(i);
            if (Recurrence.isWeight(i) && weights.isLayer(prefix + key(n))) {
                continue;
            }
            readers.merge(name, 1, Integer::sum);
            Initializer constant = initializers.get(name);
            if (constant != null && operator != null) {
                Step.Weight w = weights.add(prefix + name, n, operator, i, constant);
                if (w != null) {
                    parameters.put(name, prefix + name);
                }
            }
        }
        for (Graph g : n.graphs()) {
            Map<String, Initializer> visible = new HashMap<>(initializers);
            visible.keySet().removeAll(g.initializers().keySet());
            g.inputs().forEach(v -> visible.remove(v.name()));
            for (Node inner : g.nodes()) {
                read(inner, visible);
                inner.inputs().forEach(name -> readers.merge(name, 2, Integer::sum));
            }
            g.outputs().forEach(v -> readers.merge(v.name(), 2, Integer::sum));
        }
    }

    /** A node with values and programs instead of places in the file. */
    private Node held(Node n, Set<String> there, Set<String> sized) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>(n.attributes());
        for (Map.Entry<String, Object> a : all.entrySet()) {
            if (a.getValue() instanceof Initializer i) {
                a.setValue(Array.read(i));
            } else if (a.getValue() instanceof Graph g) {
                a.setValue(new Program(g, own, weights, prefix + key(n) + "." + a.getKey() + ".", there, sized));
            }
        }
        return new Node(n.name(), n.op(), n.domain(), n.overload(), n.version(), n.inputs(), n.outputs(), all);
    }

    Weights weights() {
        return weights;
    }

    private static IllegalArgumentException twice(String name) {
        return new IllegalArgumentException("two nodes, or a node and an input, give " + InputFile.quoted(name)
                + "; the file is damaged, export it again");
    }

    private void mustBeConnected(List<Node> given, Set<String> there) {
        inputs.forEach(v -> there.add(v.name()));
        there.add("");
        for (Node n : given) {
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

    List<Value> inputs() {
        return inputs;
    }

    List<Value> outputs() {
        return outputs;
    }

    /** The inputs as values of the graph. */
    Held[] held(Tensor... in) {
        mustBe(in.length);
        Held[] values = new Held[in.length];
        for (int i = 0; i < in.length; i++) {
            values[i] = held(inputs.get(i), in[i]);
        }
        return values;
    }

    static Held held(Value as, Tensor given) {
        return Held.of(given.to(as.type().dtype()), as.type());
    }

    /** What a run has computed, by the names of the outputs. */
    Map<String, Tensor> results(List<@Nullable Object> out) {
        Map<String, Tensor> results = new LinkedHashMap<>();
        for (int i = 0; i < outputs.size(); i++) {
            String name = outputs.get(i).name();
            Object value = out.get(i);
            if (value == null) {
                throw new IllegalArgumentException("the output " + InputFile.quoted(name)
                        + " is one that its operator does not compute here; export the model without it");
            }
            Held held = Step.held(value);
            results.put(name, held.channelsFirst().to(dtype(held.type())));
        }
        return results;
    }

    private void mustBe(int given) {
        if (given != inputs.size()) {
            throw new IllegalArgumentException(
                    "the graph takes " + inputs.size() + " inputs, " + inputs + ", but " + given + " were given");
        }
    }

    /** Runs the graph on values of any kind. An output that is not computed is null. */
    List<@Nullable Object> run(Map<String, Variable> with, Map<String, Recurrent> layers, Object... in) {
        Scope scope = new Scope(with, layers);
        scope.witness = Arrays.stream(in)
                .filter(Held.class::isInstance)
                .map(v -> ((Held) v).tensor())
                .findFirst()
                .orElse(null);
        return run(scope, in);
    }

    /** Runs the graph within another one. */
    List<@Nullable Object> run(Scope scope, @Nullable Object... in) {
        mustBe(in.length);
        scope.putAll(constants);
        parameters.forEach((name, parameter) -> {
            Step.Weight w = requireNonNull(weights.get(parameter));
            scope.put(name, new Step.Weight(requireNonNull(scope.variables.get(parameter)), w.type(), w.order()));
        });
        for (int i = 0; i < in.length; i++) {
            scope.put(inputs.get(i).name(), in[i]);
        }
        nodes.forEach(n -> run(n, scope));
        List<@Nullable Object> out = new ArrayList<>();
        outputs.forEach(v -> out.add(scope.get(v.name())));
        return out;
    }

    private static void run(Placed at, Scope scope) {
        Node n = at.node();
        @Nullable Object[] in = new Object[n.inputs().size()];
        for (int i = 0; i < in.length; i++) {
            in[i] = scope.get(n.inputs().get(i));
        }
        @Nullable Object[] out;
        try {
            out = at.operator().of(new Step(n, at.key(), at.fusible(), at.sized(), scope, in));
        } catch (IllegalArgumentException e) {
            throw e instanceof NodeException ? e : new NodeException(n, e);
        } catch (ArithmeticException | IndexOutOfBoundsException | NegativeArraySizeException | ClassCastException e) {
            // a hostile file may give any numbers to any operator
            throw new NodeException(
                    n,
                    new IllegalArgumentException(
                            "its inputs and attributes do not fit together; export the model again", e));
        }
        for (int i = 0; i < Math.min(out.length, n.outputs().size()); i++) {
            scope.put(n.outputs().get(i), out[i]);
        }
    }

    /** The type that inputs and outputs of these elements have for a user. */
    static DType dtype(ElementType type) {
        return type.whole() ? DType.I32 : DType.F32;
    }
}
