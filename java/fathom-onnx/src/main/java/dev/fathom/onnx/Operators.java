package dev.fathom.onnx;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The operators that are computed here, one row each, by their domains and names. */
final class Operators {
    /** The rows that were asked for. Each loads a class, and all of them would delay a cold start. */
    private static final Map<String, Operator> ROWS = new ConcurrentHashMap<>();

    private Operators() {}

    /** The row of a node's operator, or null. */
    static @Nullable Operator of(Node node) {
        String name = node.operator();
        Operator row = ROWS.get(name);
        if (row == null) {
            row = row(name);
            if (row != null) {
                ROWS.put(name, row);
            }
        }
        return row;
    }

    private static @Nullable Operator row(String name) {
        Operator row = Products.of(name);
        row = row == null ? Elementwise.activationOf(name) : row;
        row = row == null ? Elementwise.arithmeticOf(name) : row;
        row = row == null ? Pools.of(name) : row;
        row = row == null ? Norms.of(name) : row;
        row = row == null ? Shapes.of(name) : row;
        row = row == null ? Reductions.of(name) : row;
        row = row == null ? Elementwise.castOf(name) : row;
        row = row == null ? Places.of(name) : row;
        row = row == null ? Elementwise.functionOf(name) : row;
        row = row == null ? Elementwise.comparisonOf(name) : row;
        row = row == null ? Attentions.of(name) : row;
        row = row == null ? Images.of(name) : row;
        row = row == null ? Quantized.of(name) : row;
        row = row == null ? Control.of(name) : row;
        row = row == null ? Lists.of(name) : row;
        row = row == null ? Texts.of(name) : row;
        row = row == null ? Losses.of(name) : row;
        return row == null ? Signals.of(name) : row;
    }

    /** The operators of a graph, also of those in its attributes, that have no row. */
    static Set<String> missing(Graph graph) {
        Set<String> missing = new TreeSet<>();
        for (Node n : graph.nodes()) {
            if (of(n) == null) {
                missing.add(n.operator());
            }
            n.graphs().forEach(g -> missing.addAll(missing(g)));
        }
        return missing;
    }
}
