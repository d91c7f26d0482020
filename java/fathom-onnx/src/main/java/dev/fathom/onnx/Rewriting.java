package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
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
    /** Larger constants are neither read nor compared here. */
    private static final int SMALL = 16;
    /** The most numbers that are compared with one. */
    private static final int MANY = 1 << 12;

    private final Map<String, Initializer> constants;
    /** The names of outputs of the graph and of values that graphs within it read. */
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
     * Returns nodes that compute the same values, in an order in which they can be computed.
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

    /** Returns one node for several that end in this one, or null. */
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
        n.inputs().forEach(i -> requireNonNull(readers.get(i)).remove(n));
    }

    // ---- what patterns ask

    /** Returns the node of which a value is the first output, if it is one of these operators of the standard. */
    @Nullable
    Node maker(String value, String... operators) {
        Node n = makers.get(value);
        return n != null
                        && n.outputs().get(0).equals(value)
                        && Arrays.asList(operators).contains(n.operator())
                ? n
                : null;
    }

    /** Whether a single input reads a value. */
    boolean isReadOnce(String value) {
        return readers.getOrDefault(value, List.of()).size() == 1 && !kept.contains(value);
    }

    boolean isConstant(String value) {
        return constants.containsKey(value);
    }

    /** The dimensions of a constant; none for another value. */
    long[] dims(String value) {
        Initializer c = constants.get(value);
        return c == null ? new long[0] : c.entry().dims();
    }

    /** Whether a value is a vector of floats whose elements all are this number. */
    boolean isAll(String value, double number) {
        Initializer c = constants.get(value);
        if (c == null || c.type() != ElementType.FLOAT || c.size() > MANY) {
            return false;
        }
        try {
            return Arrays.stream(Array.read(c).reals()).allMatch(x -> x == number);
        } catch (IOException e) {
            return false; // who reads it next says why
        }
    }

    /** Returns a small constant, or null. */
    @Nullable
    Array constant(String value) {
        return values.get(value);
    }

    /**
     * Returns a constant of one element, or NaN. One that has several dimensions may give a result more of them, which
     * the operator of a pattern would not.
     */
    double number(String value) {
        Array a = values.get(value);
        Node n = makers.get(value);
        Object written = n == null || !n.operator().equals("Constant")
                ? null
                : n.attributes().get("value_float");
        return a != null && a.size() == 1 && a.rank() < 2 && a.type() != ElementType.STRING
                ? a.real()
                : written instanceof Float f ? f : Double.NaN;
    }

    /** Returns a constant as {@link #number} does if it is no integer, since those divide otherwise. */
    double real(String value) {
        Array a = values.get(value);
        return a != null && a.type().whole() ? Double.NaN : number(value);
    }

    /** An input of the node, or "". */
    static String input(Node n, int i) {
        return i < n.inputs().size() ? n.inputs().get(i) : "";
    }

    /** Returns a node of another operator that gives the first output of this one. */
    static Node instead(Node of, String op, String domain, List<String> inputs, Map<String, Object> attributes) {
        List<String> outputs = List.of(of.outputs().get(0));
        return new Node(of.name(), op, domain, "", of.version(), inputs, outputs, new TreeMap<>(attributes));
    }

    // ---- products of scaled factors

    /** Returns the product of two factors and a number for a product of scaled factors, as attention writes it. */
    private @Nullable Node scaledProduct(Node n) {
        if (!n.operator().equals("MatMul") || isConstant(input(n, 0)) || isConstant(input(n, 1))) {
            return null;
        }
        double scale = 1;
        List<String> factors = new ArrayList<>();
        for (String factor : n.inputs()) {
            Node m = isReadOnce(factor) ? maker(factor, "Mul", "Div") : null;
            double f = m == null ? Double.NaN : real(input(m, 1));
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
            if (c.size() <= SMALL && (c.type() == ElementType.STRING || c.type().stored != null)) {
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

    /** Returns a text that is equal for nodes that compute the same, or null for a node that must stay as it is. */
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
        Set<String> needed = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(kept);
        while (!open.isEmpty()) {
            String value = open.pop();
            Node n = makers.get(value);
            if (needed.add(value) && n != null) {
                open.addAll(n.inputs());
            }
        }
        return all.stream()
                .filter(n -> n.outputs().stream().anyMatch(needed::contains))
                .toList();
    }
}
