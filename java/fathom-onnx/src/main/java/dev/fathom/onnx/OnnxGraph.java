package dev.fathom.onnx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a file of ONNX says of its graph, also of one that is not computed here: who wrote it, what goes in and comes
 * out, and its nodes. No numbers are read.
 *
 * @param producer the program that wrote the file, which may be empty
 * @param opsets versions of the sets of operators by their domains, {@code ""} for the standard's own
 * @param inputs what must be given
 * @param outputs what comes out
 * @param nodes in an order in which they can be computed, without those of inner graphs
 * @param operators how many nodes there are of each operator, also in inner graphs, the most frequent first
 * @param missing the operators that {@link OnnxModel} does not compute
 */
public record OnnxGraph(
        String producer,
        Map<String, Long> opsets,
        List<Port> inputs,
        List<Port> outputs,
        List<Call> nodes,
        Map<String, Integer> operators,
        Set<String> missing) {

    /**
     * An input or an output.
     *
     * @param type of its elements as the specification writes it, such as {@code float} and {@code int64}
     * @param dims null where the file does not tell how many there are
     */
    public record Port(String name, String type, @Nullable List<Dimension> dims) {
        private static Port of(Value v) {
            List<Value.Dimension> dims = v.dims();
            return new Port(
                    v.name(),
                    v.type().toString(),
                    dims == null
                            ? null
                            : dims.stream()
                                    .map(d -> new Dimension((int) d.size(), d.name()))
                                    .toList());
        }

        /** Whether its elements are integers or booleans, which tensors of I32 hold here. */
        public boolean whole() {
            return type.contains("int") || type.equals("bool");
        }

        /** Returns a text such as {@code input_ids int64 [batch, length]}. */
        @Override
        public String toString() {
            return name + " " + type + " " + (dims == null ? "of any shape" : dims);
        }
    }

    /**
     * A dimension.
     *
     * @param size -1 where it is free
     * @param name {@code ""} where it has none
     */
    public record Dimension(int size, String name) {
        /** Whether it may have any size. */
        public boolean free() {
            return size < 0;
        }

        /** Returns the size, or else the name, or else a question mark. */
        @Override
        public String toString() {
            return free() ? name.isEmpty() ? "?" : name : Integer.toString(size);
        }
    }

    /**
     * A node.
     *
     * @param name as the file calls it, which may be empty
     * @param operator with its domain, unless that is the standard's own
     * @param inputs names of values; an input that is left out is {@code ""}
     * @param outputs names of values
     */
    public record Call(String name, String operator, List<String> inputs, List<String> outputs) {}

    /**
     * Reads what a file says.
     *
     * @throws IllegalArgumentException if it is damaged
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static OnnxGraph read(Path file) {
        try (OnnxFile onnx = OnnxFormat.read(file)) {
            Graph graph = onnx.graph();
            Map<String, Integer> counts = new TreeMap<>();
            count(graph, counts);
            Map<String, Integer> operators = new LinkedHashMap<>();
            counts.entrySet().stream()
                    .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                    .forEach(e -> operators.put(e.getKey(), e.getValue()));
            return new OnnxGraph(
                    onnx.producer(),
                    onnx.opsets(),
                    graph.inputs().stream()
                            .filter(v -> !graph.initializers().containsKey(v.name()))
                            .map(Port::of)
                            .toList(),
                    graph.outputs().stream().map(Port::of).toList(),
                    graph.nodes().stream()
                            .map(n -> new Call(n.name(), n.operator(), n.inputs(), n.outputs()))
                            .toList(),
                    operators,
                    Operators.missing(Functions.inlined(onnx, Set.of())));
        }
    }

    private static void count(Graph graph, Map<String, Integer> counts) {
        for (Node n : graph.nodes()) {
            counts.merge(n.operator(), 1, Integer::sum);
            n.graphs().forEach(g -> count(g, counts));
        }
    }

    /** Returns the nodes and how they are joined, without constants, in the language of Graphviz. */
    public String toDot() {
        StringBuilder dot = new StringBuilder("digraph onnx {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        Map<String, String> makers = new HashMap<>();
        List<String> arrows = new ArrayList<>();
        for (Port in : inputs) {
            String id = "in" + makers.size();
            makers.put(in.name(), id);
            dot.append("  ").append(id).append(" [label=\"").append(escaped(in.toString()));
            dot.append("\", shape=ellipse];\n");
        }
        for (int i = 0; i < nodes.size(); i++) {
            Call node = nodes.get(i);
            if (node.operator().equals("Constant")) {
                continue;
            }
            String id = "n" + i;
            String where = node.name().isEmpty() ? "" : " " + node.name();
            dot.append("  ").append(id).append(" [label=\"").append(escaped(node.operator() + where));
            dot.append("\"];\n");
            for (String read : new LinkedHashSet<>(node.inputs())) {
                if (makers.containsKey(read)) {
                    arrows.add("  " + makers.get(read) + " -> " + id + ";\n");
                }
            }
            node.outputs().stream().filter(o -> !o.isEmpty()).forEach(o -> makers.put(o, id));
        }
        for (int i = 0; i < outputs.size(); i++) {
            Port out = outputs.get(i);
            dot.append("  out").append(i).append(" [label=\"").append(escaped(out.toString()));
            dot.append("\", shape=ellipse];\n");
            if (makers.containsKey(out.name())) {
                arrows.add("  " + makers.get(out.name()) + " -> out" + i + ";\n");
            }
        }
        arrows.forEach(dot::append);
        return dot.append("}\n").toString();
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
    }
}
