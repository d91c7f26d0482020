package dev.fathom.onnx;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Normalizations that are written as means, differences and roots: (x - mean) / sqrt(variance + epsilon), and x /
 * sqrt(mean square + epsilon), over the last dimensions, with the weight and the bias that follow; and those of groups
 * of channels that are written as a normalization of instances between two reshapes.
 */
final class NormPattern {
    /** An attribute of a norm that was found: how many dimensions its input has, or 0. */
    private static final String RANK = "rank";
    /** So many functions behind a convolution are looked at. */
    private static final int FUNCTIONS = 4;

    private final Rewriting graph;

    private NormPattern(Rewriting graph) {
        this.graph = graph;
    }

    /** Returns one node for the normalization that ends in {@code n}, or null if none does. */
    static @Nullable Node of(Rewriting graph, Node n) {
        NormPattern p = new NormPattern(graph);
        Node norm = p.weighted(n);
        norm = norm == null ? p.grouped(n) : norm;
        return norm == null ? p.plain(n) : norm;
    }

    /** Adds the weight or the bias of this node to a normalization that was found before it, or returns null. */
    private @Nullable Node weighted(Node n) {
        boolean mul = n.operator().equals("Mul");
        if (!mul && !n.operator().equals("Add")) {
            return null;
        }
        for (int i = 0; i < 2; i++) {
            Node norm = graph.maker(
                    Rewriting.input(n, i), "LayerNormalization", "SimplifiedLayerNormalization", "GroupNormalization");
            String w = Rewriting.input(n, 1 - i);
            if (norm == null) {
                continue;
            }
            int given = norm.inputs().size();
            boolean next = mul ? given == 1 : given == 2 && !norm.op().equals("SimplifiedLayerNormalization");
            if (next && fits(w, norm) && graph.isReadOnce(norm.outputs().get(0))) {
                List<String> inputs = mul
                        ? List.of(norm.inputs().get(0), w)
                        : List.of(norm.inputs().get(0), norm.inputs().get(1), w);
                return Rewriting.instead(n, norm.op(), norm.domain(), inputs, norm.attributes());
            }
        }
        return null;
    }

    /** Whether a constant is a number for each element that a norm of one dimension counts, or for each channel. */
    private boolean fits(String w, Node norm) {
        if (norm.op().equals("GroupNormalization")) {
            return norm.attributes().get(RANK) instanceof Long rank && isOfChannels(graph.dims(w), rank.intValue());
        }
        return graph.dims(w).length == 1 && norm.attributes().get("axis") instanceof Long axis && axis == -1;
    }

    /** Whether these dimensions, aligned with the last of {@code rank}, are 1 but for the second of all. */
    private static boolean isOfChannels(long[] dims, int rank) {
        int channel = dims.length - rank + 1;
        return rank > 2 && channel >= 0 && IntStream.range(0, dims.length).allMatch(d -> d == channel || dims[d] == 1);
    }

    /** Returns a norm of groups for one of instances between two reshapes, as PyTorch writes it, or null. */
    private @Nullable Node grouped(Node n) {
        Node norm = n.operator().equals("Reshape") && graph.isReadOnce(Rewriting.input(n, 0))
                ? graph.maker(Rewriting.input(n, 0), "InstanceNormalization")
                : null;
        Node split = norm == null ? null : graph.maker(Rewriting.input(norm, 0), "Reshape");
        Array to = split == null ? null : graph.constant(Rewriting.input(split, 1));
        if (norm == null || split == null || to == null || to.size() != 3) {
            return null;
        }
        String x = Rewriting.input(split, 0);
        Node shape = graph.maker(Rewriting.input(n, 1), "Shape");
        long[] groups = to.longs();
        if (groups[0] != 0
                || groups[1] < 1
                || groups[2] != -1
                || shape == null
                || !shape.attributes().isEmpty()
                || !Rewriting.input(shape, 0).equals(x)
                || !graph.isAll(Rewriting.input(norm, 1), 1)
                || !graph.isAll(Rewriting.input(norm, 2), 0)) {
            return null;
        }
        Map<String, Object> attributes = new TreeMap<>(Map.of("num_groups", groups[1], RANK, rank(x)));
        Object epsilon = norm.attributes().get("epsilon");
        if (epsilon != null) {
            attributes.put("epsilon", epsilon);
        }
        return Rewriting.instead(n, "GroupNormalization", "", List.of(x), attributes);
    }

    /** Returns how many dimensions a result of a convolution and some functions has, or 0 if it is not known as one. */
    private long rank(String value) {
        String x = value;
        for (int i = 0; i < FUNCTIONS; i++) {
            Node function = graph.maker(
                    x, "Relu", "LeakyRelu", "Sigmoid", "Tanh", "BatchNormalization", "InstanceNormalization");
            if (function == null) {
                break;
            }
            x = Rewriting.input(function, 0);
        }
        Node conv = graph.maker(x, "Conv", "ConvTranspose");
        return conv == null ? 0 : graph.dims(Rewriting.input(conv, 1)).length;
    }

    private @Nullable Node plain(Node n) {
        String x = Rewriting.input(n, 0);
        String by = Rewriting.input(n, 1);
        return switch (n.operator()) {
            case "Div" -> normalized(n, x, root(by));
            case "Mul" -> {
                Node one = normalized(n, x, inverse(by));
                yield one == null ? normalized(n, by, inverse(x)) : one;
            }
            default -> null;
        };
    }

    /** Returns the sum whose square root the value is, or null. */
    private @Nullable Node root(String value) {
        Node root = graph.maker(value, "Sqrt", "Pow");
        if (root == null || root.op().equals("Pow") && graph.number(Rewriting.input(root, 1)) != 0.5) {
            return null;
        }
        return graph.maker(Rewriting.input(root, 0), "Add");
    }

    /** Returns the sum whose inverse square root the value is, or null. */
    private @Nullable Node inverse(String value) {
        Node n = graph.maker(value, "Reciprocal", "Div", "Pow");
        if (n == null) {
            return null;
        }
        return switch (n.op()) {
            case "Reciprocal" -> root(Rewriting.input(n, 0));
            case "Div" -> graph.number(Rewriting.input(n, 0)) == 1 ? root(Rewriting.input(n, 1)) : null;
            default -> graph.number(Rewriting.input(n, 1)) == -0.5 ? graph.maker(Rewriting.input(n, 0), "Add") : null;
        };
    }

    /** Returns a norm for x / sqrt(sum) if the sum is the mean square of x and an epsilon, or null. */
    private @Nullable Node normalized(Node n, String x, @Nullable Node sum) {
        if (sum == null) {
            return null;
        }
        for (int i = 0; i < 2; i++) {
            double epsilon = graph.number(Rewriting.input(sum, i));
            Node mean = graph.maker(Rewriting.input(sum, 1 - i), "ReduceMean");
            Node square = mean == null ? null : graph.maker(Rewriting.input(mean, 0), "Pow", "Mul");
            boolean squared = square != null
                    && Rewriting.input(square, 0).equals(x)
                    && (square.op().equals("Pow")
                            ? graph.number(Rewriting.input(square, 1)) == 2
                            : Rewriting.input(square, 1).equals(x));
            long axis = mean == null ? 0 : axis(mean);
            if (Double.isNaN(epsilon) || !squared || axis == 0) {
                continue;
            }
            Map<String, Object> attributes = Map.of("axis", axis, "epsilon", (float) epsilon);
            String centered = centered(x, axis);
            return Rewriting.instead(
                    n,
                    centered == null ? "SimplifiedLayerNormalization" : "LayerNormalization",
                    "",
                    List.of(centered == null ? x : centered),
                    attributes);
        }
        return null;
    }

    /** Returns the value from which its own mean was subtracted to give this one, or null. */
    private @Nullable String centered(String value, long axis) {
        Node difference = graph.maker(value, "Sub");
        if (difference == null) {
            return null;
        }
        String x = Rewriting.input(difference, 0);
        Node mean = graph.maker(Rewriting.input(difference, 1), "ReduceMean");
        return mean != null && axis(mean) == axis && Rewriting.input(mean, 0).equals(x) ? x : null;
    }

    /** Returns the negative index of the first dimension of a mean over the last ones, or 0 for another mean. */
    private long axis(Node mean) {
        long[] axes = null;
        if (mean.attributes().get("axes") instanceof long[] all) {
            axes = all;
        } else {
            Array given = graph.constant(Rewriting.input(mean, 1));
            axes = given == null || !given.type().whole() ? null : given.longs();
        }
        boolean kept = !(mean.attributes().get("keepdims") instanceof Long keep) || keep != 0;
        if (axes == null || axes.length == 0 || !kept) {
            return 0;
        }
        for (int i = 0; i < axes.length; i++) {
            if (axes[i] != i - axes.length) {
                return 0;
            }
        }
        return -axes.length;
    }
}
