package dev.fathom.onnx;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A graph whose nodes become fewer: what exporters write as several operators, such as a GELU of an error function,
 * becomes the one that it means, what is computed twice is computed once, and what nothing reads is left out.
 */
final class Rewriting {
    /** Constants of more elements are not compared. */
    private static final int SMALL = 16;

    private final Map<String, Initializer> constants;
    /** Values that the graph gives, or that graphs within it read. */
    private final Set<String> kept;

    private final List<Node> nodes;
    private final Map<String, Node> makers = new HashMap<>();
    private final Map<String, List<Node>> readers = new HashMap<>();
    private final Map<String, Array> values = new HashMap<>();

    private Rewriting(List<Node> nodes, Map<String, Initializer> constants, Set<String> kept) throws IOException {
        this.constants = constants;
        this.kept = kept;
        this.nodes = single(nodes);
        for (Node n : this.nodes) {
            link(n);
        }
    }

    /**
     * The nodes that compute the same.
     *
     * @param kept the names of values that something beside these nodes reads
     */
    static List<Node> of(List<Node> nodes, Map<String, Initializer> constants, Set<String> kept) throws IOException {
        Rewriting r = new Rewriting(nodes, constants, kept);
        List<Node> fewer = new ArrayList<>();
        for (Node n : r.nodes) {
            Node one = r.one(n);
            if (one != null) { // so that the next pattern sees it
                r.unlink(n);
                r.link(one);
            }
            fewer.add(one == null ? n : one);
        }
        return r.needed(fewer);
    }

    /** The one node that several are which end in this one, or null. */
    private @Nullable Node one(Node n) {
        Node one = Formula.activation(this, n);
        one = one == null ? NormPattern.of(this, n) : one;
        return one == null ? scaledProduct(n) : one;
    }

    private void link(Node n) {
        n.outputs().stream().filter(o -> !o.isEmpty()).forEach(o -> makers.put(o, n));
        n.inputs()
                .forEach(i -> readers.computeIfAbsent(i, k -> new ArrayList<>()).add(n));
    }

    private void unlink(Node n) {
        n.inputs().forEach(i -> readers.getOrDefault(i, new ArrayList<>()).remove(n));
    }

    // ---- what patterns ask

    /** The node that gives a value, if it is one of these operators of the standard. */
    @Nullable
    Node maker(String value, String... operators) {
        Node n = makers.get(value);
        return n != null && Arrays.asList(operators).contains(n.operator()) ? n : null;
    }

    /** The node that alone reads a value, if it is this operator of the standard. */
    @Nullable
    Node reader(Node of, String operator) {
        String value = of.outputs().get(0);
        List<Node> all = readers.getOrDefault(value, List.of());
        return all.size() == 1 && !kept.contains(value) && all.get(0).operator().equals(operator) ? all.get(0) : null;
    }

    /** Whether one node alone reads a value, perhaps by several inputs. */
    boolean isRead(String value, int times) {
        return readers.getOrDefault(value, List.of()).size() == times && !kept.contains(value);
    }

    boolean isConstant(String value) {
        return constants.containsKey(value);
    }

    /** How many dimensions a constant has, or -1. */
    int rank(String value) {
        Initializer c = constants.get(value);
        return c == null ? -1 : c.entry().dims().length;
    }

    /** A small constant, or null. */
    @Nullable
    Array constant(String value) {
        return values.get(value);
    }

    /** A constant of one element, or NaN. */
    double number(String value) {
        Array a = values.get(value);
        Node n = makers.get(value);
        Object written = n == null || !n.operator().equals("Constant")
                ? null
                : n.attributes().get("value_float");
        return a != null && a.size() == 1 && a.type() != ElementType.STRING
                ? a.real()
                : written instanceof Float f ? f : Double.NaN;
    }

    /** An input of the node, or "". */
    static String input(Node n, int i) {
        return i < n.inputs().size() ? n.inputs().get(i) : "";
    }

    /** Another node that gives what this one gives. */
    static Node instead(Node of, String op, String domain, List<String> inputs, Map<String, Object> attributes) {
        List<String> outputs = List.of(of.outputs().get(0));
        return new Node(of.name(), op, domain, "", of.version(), inputs, outputs, new TreeMap<>(attributes));
    }

    // ---- products of scaled factors

    /** A product of two factors of which one or both are scaled by constants, as attention writes it. */
    private @Nullable Node scaledProduct(Node n) {
        if (!n.operator().equals("MatMul") || isConstant(input(n, 0)) || isConstant(input(n, 1))) {
            return null;
        }
        double scale = 1;
        List<String> factors = new ArrayList<>();
        for (String factor : n.inputs()) {
            Node m = isRead(factor, 1) ? maker(factor, "Mul", "Div") : null;
            double f = m == null ? Double.NaN : number(input(m, 1));
            if (m == null || Double.isNaN(f)) {
                factors.add(factor);
            } else {
                factors.add(input(m, 0));
                scale *= m.op().equals("Mul") ? f : 1 / f;
            }
        }
        return scale == 1 ? null : instead(n, "FusedMatMul", "com.microsoft", factors, Map.of("alpha", (float) scale));
    }

    // ---- the same, once

    private List<Node> single(List<Node> given) throws IOException {
        Map<String, String> same = new HashMap<>();
        Map<String, String> seen = new HashMap<>();
        for (Initializer c : constants.values()) {
            if (Arrays.stream(c.entry().dims()).allMatch(d -> d <= SMALL)
                    && Arrays.stream(c.entry().dims()).reduce(1, (a, b) -> a * b) <= SMALL
                    && (c.type() == ElementType.STRING || c.type().stored != null)) {
                Array a = Array.read(c);
                values.put(c.name(), a);
                if (c.type() != ElementType.STRING && a.size() == 1 || a.type().whole()) {
                    String key = a.type() + Arrays.toString(a.dims()) + Arrays.toString(a.reals());
                    String first = seen.putIfAbsent(key, c.name());
                    if (first != null) {
                        same.put(c.name(), first);
                    }
                }
            }
        }
        List<Node> fewer = new ArrayList<>();
        for (Node n : given) {
            List<String> inputs =
                    n.inputs().stream().map(i -> same.getOrDefault(i, i)).toList();
            Node renamed = new Node(
                    n.name(), n.op(), n.domain(), n.overload(), n.version(), inputs, n.outputs(), n.attributes());
            String key = key(renamed);
            String first =
                    key == null ? null : seen.putIfAbsent(key, n.outputs().get(0));
            if (first != null) {
                same.put(n.outputs().get(0), first);
            } else {
                fewer.add(renamed);
            }
        }
        return fewer;
    }

    /** What a node computes, in words, or null where it is no function of one output, or something else reads that. */
    private @Nullable String key(Node n) {
        boolean drawn = n.op().startsWith("Random") || n.op().equals("Bernoulli") || n.op().equals("Multinomial");
        if (drawn || n.outputs().size() != 1 || kept.contains(n.outputs().get(0))) {
            return null;
        }
        StringBuilder key = new StringBuilder(n.operator()).append(n.version()).append(n.inputs());
        for (Map.Entry<String, Object> a : new TreeMap<>(n.attributes()).entrySet()) {
            Object v = a.getValue();
            String text = v instanceof long[] x
                    ? Arrays.toString(x)
                    : v instanceof float[] x
                            ? Arrays.toString(x)
                            : v instanceof Long || v instanceof Float || v instanceof String ? v.toString() : null;
            if (text == null) {
                return null;
            }
            key.append(' ').append(a.getKey()).append('=').append(text);
        }
        return key.toString();
    }

    // ---- what is needed

    private List<Node> needed(List<Node> all) {
        Map<String, Node> by = new HashMap<>();
        all.forEach(n -> n.outputs().forEach(o -> by.put(o, n)));
        Set<Node> reached = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<String> open = new ArrayDeque<>(kept);
        Set<String> done = new HashSet<>();
        while (!open.isEmpty()) {
            String value = open.pop();
            Node n = done.add(value) ? by.get(value) : null;
            if (n != null && reached.add(n)) {
                open.addAll(n.inputs());
            }
        }
        return all.stream().filter(reached::contains).toList();
    }
}
