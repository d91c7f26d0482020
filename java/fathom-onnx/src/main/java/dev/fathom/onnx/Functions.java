package dev.fathom.onnx;

import dev.fathom.io.InputFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts the nodes of functions that a file defines in the place of the nodes that call them, so that a weight which a
 * function is given is one of the model, and kernels add and activate as in any graph.
 */
final class Functions {
    /**
     * A function of a file.
     *
     * @param defaults attributes that a call may leave out
     * @param opsets versions of its nodes' operators by their domains
     */
    record Function(
            List<String> inputs,
            List<String> outputs,
            Map<String, Object> defaults,
            List<Node> nodes,
            Map<String, Long> opsets) {}

    /** Stands for the value that the call gives to an attribute of this name. */
    record Reference(String name) {}

    /**
     * The call for which nodes are copied.
     *
     * @param prefix of the names of nodes and values
     * @param values names in the graph by those in the function; the others are the same
     * @param attributes of the call
     * @param again whether the function was copied before, so that its file does not bound how many copies there are
     */
    private record Place(
            String prefix,
            Map<String, String> values,
            Map<String, Object> attributes,
            Map<String, Long> opsets,
            boolean again,
            int depth) {}

    /** How deep functions and graphs of attributes may lie within each other. */
    private static final int DEEPEST = 64;
    /** How many numbers copies may hold. */
    private static final long MOST = 1 << 24;
    /** How many numbers take as much memory as a node. */
    private static final int NODE = 64;

    /** How many characters of a prefix are kept, counted from its end. */
    private static final int LONGEST = 200;

    private final OnnxFile file;
    private final Set<String> own;
    private final Set<String> names = new HashSet<>();
    private final Set<String> copied = new HashSet<>();
    private long held;

    private Functions(OnnxFile file, Set<String> own) {
        this.file = file;
        this.own = own;
    }

    /**
     * The graph of a file without calls of its functions. Each node knows the version of its operator.
     *
     * @param own operators that are computed by other means
     * @throws IllegalArgumentException if a function calls itself, or calls do not fit
     */
    static Graph inlined(OnnxFile file, Set<String> own) {
        Functions all = new Functions(file, own);
        all.note(file.graph());
        return all.graph(file.graph(), new Place("", Map.of(), Map.of(), file.opsets(), false, 0));
    }

    /** Notes names that values of functions may not have. */
    private void note(Graph g) {
        g.inputs().forEach(v -> names.add(v.name()));
        names.addAll(g.initializers().keySet());
        for (Node n : g.nodes()) {
            names.addAll(n.outputs());
            n.graphs().forEach(this::note);
        }
    }

    private Graph graph(Graph g, Place at) {
        List<Node> nodes = new ArrayList<>();
        g.nodes().forEach(n -> add(n, at, nodes));
        Map<String, Initializer> initializers = new LinkedHashMap<>();
        for (Initializer i : g.initializers().values()) {
            hold(at, i.size());
            String name = named(i.name(), at);
            initializers.put(name, i.named(name));
        }
        return new Graph(nodes, initializers, named(g.inputs(), at), named(g.outputs(), at));
    }

    /** Adds a node, or those of the function that it calls. */
    private void add(Node n, Place at, List<Node> to) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        n.attributes().forEach((name, value) -> {
            Object a = attribute(n, value, at);
            if (a != null) {
                attributes.put(name, a);
            }
        });
        Node copy = new Node(
                n.name().isEmpty() ? "" : prefixed(n.name(), at),
                n.op(),
                n.domain(),
                n.overload(),
                at.opsets.getOrDefault(n.domain(), file.opsets().getOrDefault(n.domain(), 1L)),
                n.inputs().stream().map(name -> named(name, at)).toList(),
                n.outputs().stream().map(name -> named(name, at)).toList(),
                attributes);
        hold(
                at,
                NODE * (1L + attributes.size())
                        + n.inputs().size()
                        + n.outputs().size());
        boolean here = own.contains(n.operator()) || Operators.of(n) != null;
        Function called = here ? null : file.functions().get(n.function());
        if (called == null) {
            to.add(copy);
        } else {
            call(copy, called, at, to);
        }
    }

    private void call(Node n, Function f, Place at, List<Node> to) {
        if (n.inputs().size() > f.inputs().size()
                || n.outputs().size() > f.outputs().size()) {
            throw new IllegalArgumentException(
                    "the node " + n + " has " + n.inputs().size() + " inputs and "
                            + n.outputs().size() + " outputs, but its function has "
                            + f.inputs().size() + " and "
                            + f.outputs().size() + "; the file is damaged, export it again");
        }
        Map<String, String> values = new HashMap<>(Map.of("", ""));
        for (int i = 0; i < f.inputs().size(); i++) {
            values.put(f.inputs().get(i), i < n.inputs().size() ? n.inputs().get(i) : "");
        }
        for (int i = 0; i < n.outputs().size(); i++) {
            if (!n.outputs().get(i).isEmpty()) {
                values.putIfAbsent(f.outputs().get(i), n.outputs().get(i));
            }
        }
        Map<String, Object> attributes = new HashMap<>(f.defaults());
        attributes.putAll(n.attributes());
        String prefix =
                (n.name().isEmpty() ? n.outputs().isEmpty() ? "" : n.outputs().get(0) : n.name()) + ".";
        prefix = prefix.substring(Math.max(0, prefix.length() - LONGEST));
        Place in = new Place(prefix, values, attributes, f.opsets(), !copied.add(n.function()), deeper(at));
        f.nodes().forEach(inner -> add(inner, in, to));
        // an input may be an output as well, and an output may be named twice
        for (int i = 0; i < n.outputs().size(); i++) {
            String given = named(f.outputs().get(i), in);
            String wanted = n.outputs().get(i);
            if (!wanted.isEmpty() && !wanted.equals(given)) {
                to.add(new Node("", "Identity", "", "", 1, List.of(given), List.of(wanted), Map.of()));
            }
        }
    }

    private @Nullable Object attribute(Node n, Object value, Place at) {
        if (value instanceof Reference r) {
            if (at.values.isEmpty()) {
                throw new IllegalArgumentException("the node " + n + " refers to the attribute "
                        + InputFile.quoted(r.name()) + " of a function but is in none; the file is damaged, export it"
                        + " again");
            }
            return at.attributes.get(r.name());
        }
        if (value instanceof Initializer i) {
            hold(at, i.size());
        }
        return value instanceof Graph g
                ? graph(g, new Place(at.prefix, at.values, at.attributes, at.opsets, at.again, deeper(at)))
                : value;
    }

    private static int deeper(Place at) {
        if (at.depth == DEEPEST) {
            throw new IllegalArgumentException("a function of it calls itself, or functions and graphs lie more than "
                    + DEEPEST + " deep within each other; the file is damaged, export it again");
        }
        return at.depth + 1;
    }

    /** Counts what copies hold: a small file could ask for any number of them. */
    private void hold(Place at, long numbers) {
        held += at.again ? numbers : 0;
        if (held > MOST) {
            throw new IllegalArgumentException("its functions are called so often that their copies have more than "
                    + MOST / NODE + " nodes or " + MOST + " numbers; export the model without functions");
        }
    }

    // ---- names

    private List<Value> named(List<Value> values, Place at) {
        return values.stream()
                .map(v -> new Value(named(v.name(), at), v.type(), v.dims()))
                .toList();
    }

    /** The name of a value in the graph, which nothing else has. */
    private String named(String name, Place at) {
        return at.values.isEmpty()
                ? name
                : at.values.computeIfAbsent(name, n -> {
                    String fresh = prefixed(n, at);
                    while (!names.add(fresh)) {
                        fresh = prefixed(n, at) + "." + names.size();
                    }
                    return fresh;
                });
    }

    private String prefixed(String name, Place at) {
        hold(at, at.prefix.length() + name.length());
        return at.prefix + name;
    }
}
