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
    /** How many groups have been added. */
    private int groups;

    private Operators() {}

    /**
     * The row of a node's operator, or null. Each row is a class that is made at run time, which takes a cold start up
     * to 40 ms for a group of rows; so groups are added, from the most common on, until one has the row.
     */
    static synchronized @Nullable Operator of(Node node) {
        Operator row = ALL.rows.get(node.operator());
        while (row == null && ALL.addGroup(ALL.groups)) {
            ALL.groups++;
            row = ALL.rows.get(node.operator());
        }
        return row;
    }

    /** Adds the group of this number; returns false if there is none. */
    private boolean addGroup(int number) {
        switch (number) {
            case 0 -> Products.addTo(this);
            case 1 -> Elementwise.addActivationsTo(this);
            case 2 -> Elementwise.addArithmeticTo(this);
            case 3 -> Pools.addTo(this);
            case 4 -> Norms.addTo(this);
            case 5 -> Shapes.addTo(this);
            case 6 -> Reductions.addTo(this);
            case 7 -> Elementwise.addCastsTo(this);
            case 8 -> Places.addTo(this);
            case 9 -> Elementwise.addFunctionsTo(this);
            case 10 -> Elementwise.addComparisonsTo(this);
            case 11 -> Attentions.addTo(this);
            case 12 -> Images.addTo(this);
            case 13 -> Quantized.addTo(this);
            case 14 -> Control.addTo(this);
            case 15 -> Lists.addTo(this);
            case 16 -> Texts.addTo(this);
            case 17 -> Losses.addTo(this);
            case 18 -> Signals.addTo(this);
            default -> {
                return false;
            }
        }
        return true;
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
