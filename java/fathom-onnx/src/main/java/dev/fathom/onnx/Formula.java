package dev.fathom.onnx;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An expression of several nodes as a polynomial in a value x and one function u of x: 0.5 x + 0.5 x u with u = erf(x /
 * sqrt(2)) is a GELU, in whatever order and with whatever constants the exporter wrote it.
 */
final class Formula {
    private static final int DEGREE = 3;
    private static final int DEPTH = 6;
    private static final double WITHIN = 1e-4;
    private static final String[] FUNCTIONS = {"Erf", "Tanh", "Sigmoid", "Clip", "HardSigmoid"};

    private final Rewriting graph;
    private final String x;
    private final Node root;
    private @Nullable Node function;

    private Formula(Rewriting graph, Node root, String x) {
        this.graph = graph;
        this.root = root;
        this.x = x;
    }

    /** Returns one node for the activation that ends in this node, or null if none does. */
    static @Nullable Node activation(Rewriting graph, Node root) {
        if (!root.operator().equals("Mul") && !root.operator().equals("Div")) {
            return null;
        }
        Node f = function(graph, root);
        if (f == null) {
            return null;
        }
        for (String x : arguments(graph, f)) {
            Node one = new Formula(graph, root, x).activation();
            if (one != null) {
                return one;
            }
        }
        return null;
    }

    /** Finds the function u in the expression that ends in this node, or returns null. */
    private static @Nullable Node function(Rewriting graph, Node root) {
        Deque<Node> open = new ArrayDeque<>(List.of(root));
        for (int steps = 0; !open.isEmpty() && steps < 2 * DEPTH; steps++) {
            for (String in : open.pop().inputs()) {
                Node f = graph.maker(in, FUNCTIONS);
                Node n = graph.isReadOnce(in) ? graph.maker(in, "Mul", "Div", "Add", "Sub") : null;
                if (f != null && graph.isReadOnce(in)) {
                    return f;
                }
                if (n != null) {
                    open.add(n);
                }
            }
        }
        return null;
    }

    /**
     * Returns the values that may be x, which are the input of the function and the values that it is computed from.
     */
    private static Set<String> arguments(Rewriting graph, Node function) {
        Set<String> found = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(Rewriting.input(function, 0)));
        for (int steps = 0; !open.isEmpty() && steps < 2 * DEPTH; steps++) {
            String value = open.pop();
            if (!graph.isConstant(value) && found.add(value)) {
                Node n = graph.maker(value, "Mul", "Div", "Add", "Sub", "Pow", "Softplus");
                open.addAll(n == null ? List.of() : n.inputs());
            }
        }
        return found;
    }

    private @Nullable Node activation() {
        double[][] whole = of(root, 0);
        Node f = function;
        if (whole == null || f == null) {
            return null;
        }
        boolean ofU = is(whole, term(1, 1, 1));
        Node inner = graph.maker(Rewriting.input(f, 0), "Softplus");
        if (ofU
                && f.op().equals("Tanh")
                && inner != null
                && Rewriting.input(inner, 0).equals(x)) {
            return one("Mish", Map.of());
        }
        function = null;
        double[][] argument = of(Rewriting.input(f, 0), 0);
        if (argument == null || function != null) {
            return null;
        }
        double c = argument[1][0];
        boolean scaled = is(argument, term(c, 1, 0)) && c > 0;
        boolean halves = is(whole, plus(term(0.5, 1, 0), term(0.5, 1, 1), 1));
        double k = Math.sqrt(2 / Math.PI);
        double[][] cubic = plus(term(k, 1, 0), term(0.044715 * k, 3, 0), 1);
        boolean sixth = close(real(f, "alpha", 0.2), 1 / 6.0) && close(real(f, "beta", 0.5), 0.5);
        return switch (f.op()) {
            case "Erf" -> halves && is(argument, term(Math.sqrt(0.5), 1, 0)) ? one("Gelu", Map.of()) : null;
            case "Tanh" -> halves && is(argument, cubic) ? one("Gelu", Map.of("approximate", "tanh")) : null;
            case "Sigmoid" -> ofU && scaled ? one("Swish", Map.of("alpha", (float) c)) : null;
            case "HardSigmoid" -> ofU && sixth && is(argument, term(1, 1, 0)) ? one("HardSwish", Map.of()) : null;
            default -> clipped(f, whole, argument);
        };
    }

    /** Returns a hard swish for x clip(x + 3, 0, 6) / 6, a hard sigmoid for clip(x + 3, 0, 6) / 6, or null. */
    private @Nullable Node clipped(Node f, double[][] whole, double[][] argument) {
        double low = f.inputs().size() > 1 ? graph.real(Rewriting.input(f, 1)) : real(f, "min", Double.NaN);
        double high = f.inputs().size() > 2 ? graph.real(Rewriting.input(f, 2)) : real(f, "max", Double.NaN);
        double slope = argument[1][0];
        boolean line = is(argument, plus(term(slope, 1, 0), term(3 * slope, 0, 0), 1));
        if (low != 0 || !line || !close(high, 6 * slope)) {
            return null;
        }
        double unit = 1 / (6 * slope);
        if (is(whole, term(unit, 1, 1))) {
            return one("HardSwish", Map.of());
        }
        return is(whole, term(unit, 0, 1)) ? one("HardSigmoid", Map.of("alpha", 1 / 6f, "beta", 0.5f)) : null;
    }

    private Node one(String op, Map<String, Object> attributes) {
        return Rewriting.instead(root, op, "", List.of(x), attributes);
    }

    private static double real(Node n, String name, double otherwise) {
        return n.attributes().get(name) instanceof Float f ? f : otherwise;
    }

    // ---- polynomials: element [i][j] is the factor of x^i u^j

    private static double[][] term(double factor, int i, int j) {
        double[][] p = new double[DEGREE + 1][2];
        p[i][j] = factor;
        return p;
    }

    private static double[][] plus(double[][] a, double[][] b, double sign) {
        double[][] sum = new double[DEGREE + 1][2];
        for (int i = 0; i <= DEGREE; i++) {
            for (int j = 0; j < 2; j++) {
                sum[i][j] = a[i][j] + sign * b[i][j];
            }
        }
        return sum;
    }

    /** Returns the product, or null if its degree is too high. */
    private static double @Nullable [][] times(double[][] a, double[][] b) {
        double[][] product = new double[DEGREE + 1][2];
        for (int i = 0; i <= DEGREE; i++) {
            for (int j = 0; j < 2; j++) {
                for (int k = 0; k <= DEGREE; k++) {
                    for (int l = 0; l < 2; l++) {
                        double f = a[i][j] * b[k][l];
                        if (f != 0 && (i + k > DEGREE || j + l > 1)) {
                            return null;
                        }
                        if (f != 0) {
                            product[i + k][j + l] += f;
                        }
                    }
                }
            }
        }
        return product;
    }

    private static boolean close(double a, double b) {
        return Math.abs(a - b) <= WITHIN * Math.abs(b);
    }

    private static boolean is(double[][] a, double[][] b) {
        for (int i = 0; i <= DEGREE; i++) {
            for (int j = 0; j < 2; j++) {
                if (!close(a[i][j], b[i][j])) {
                    return false;
                }
            }
        }
        return true;
    }

    private double @Nullable [][] of(String value, int depth) {
        if (value.equals(x)) {
            return term(1, 1, 0);
        }
        double c = graph.real(value);
        if (!Double.isNaN(c)) {
            return term(c, 0, 0);
        }
        Node f = graph.maker(value, FUNCTIONS);
        if (f != null) {
            Node before = function;
            function = f;
            return before == null || before.equals(f) ? term(1, 0, 1) : null;
        }
        Node n = depth < DEPTH ? graph.maker(value, "Mul", "Div", "Add", "Sub", "Pow", "Neg") : null;
        return n == null ? null : of(n, depth + 1);
    }

    private double @Nullable [][] of(Node n, int depth) {
        double[][] a = of(Rewriting.input(n, 0), depth);
        if (a == null || n.op().equals("Neg")) {
            return a == null ? null : times(a, term(-1, 0, 0));
        }
        if (n.op().equals("Pow")) {
            return power(a, graph.number(Rewriting.input(n, 1)));
        }
        double[][] b = of(Rewriting.input(n, 1), depth);
        if (b == null) {
            return null;
        }
        return switch (n.op()) {
            case "Add" -> plus(a, b, 1);
            case "Sub" -> plus(a, b, -1);
            case "Mul" -> times(a, b);
            default -> b[0][0] != 0 && is(b, term(b[0][0], 0, 0)) ? times(a, term(1 / b[0][0], 0, 0)) : null;
        };
    }

    private static double @Nullable [][] power(double[][] a, double exponent) {
        if (exponent != 2 && exponent != 3) {
            return null;
        }
        double[][] square = times(a, a);
        return exponent == 2 || square == null ? square : times(square, a);
    }
}
