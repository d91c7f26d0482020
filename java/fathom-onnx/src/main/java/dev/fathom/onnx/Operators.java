package dev.fathom.onnx;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The operators that are computed here, one row each, by their domains and names. */
final class Operators {
    /** An operator of one output. */
    interface One {
        Object of(Step s);
    }

    private static final Operators ALL = new Operators();

    private final Map<String, Operator> rows = new HashMap<>();

    private Operators() {
        Elementwise.addTo(this);
        Products.addTo(this);
        Norms.addTo(this);
        Pools.addTo(this);
        Shapes.addTo(this);
        Places.addTo(this);
        Reductions.addTo(this);
        Images.addTo(this);
        Signals.addTo(this);
        Attentions.addTo(this);
        Quantized.addTo(this);
        Control.addTo(this);
        Lists.addTo(this);
        Texts.addTo(this);
        Losses.addTo(this);
    }

    static @Nullable Operator of(Node node) {
        return ALL.rows.get(node.operator());
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

    /** Adds the row of an operator that has one output, or of whose outputs only the first is computed. */
    Operator one(String name, One rule) {
        return all(name, s -> new Object[] {rule.of(s)});
    }

    Operator all(String name, Operator.Rule rule) {
        Operator row = new Operator(rule);
        if (rows.put(name, row) != null) {
            throw new IllegalStateException("two rows for " + name);
        }
        return row;
    }
}
