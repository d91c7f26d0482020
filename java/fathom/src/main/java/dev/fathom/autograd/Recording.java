package dev.fathom.autograd;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What lies below a tape: the recorded calls of a scope, in order, which backward walks. {@code Tape}, the only
 * subclass, shows them to users.
 */
public abstract class Recording {
    private @Nullable Node[] nodes = new Node[64];
    private int size;

    /** No calls yet. */
    protected Recording() {}

    void add(Node node) {
        if (size == nodes.length) {
            nodes = Arrays.copyOf(nodes, 2 * size);
        }
        nodes[size++] = node;
    }

    /** Call number {@code i}. */
    protected final Node node(int i) {
        Node n = nodes[i];
        assert n != null;
        return n;
    }

    /** How many there are. */
    protected int size() {
        return size;
    }

    void clear() {
        Arrays.fill(nodes, 0, size, null);
        size = 0;
    }

    /** The graph in Graphviz's language: boxes are calls, and ellipses are values that no recorded call made. */
    protected String toDot() {
        StringBuilder dot =
                new StringBuilder("digraph tape {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        Map<Value, String> leaves = new IdentityHashMap<>();
        for (int i = 0; i < size; i++) {
            Node n = node(i);
            String path = n.path();
            dot.append("  n").append(i).append(" [label=\"").append(quote(n.op.label()));
            if (!path.isEmpty()) {
                dot.append("\\n").append(quote(path));
            }
            dot.append("\"];\n");
            for (Value v : n.in) {
                if (v == null) {
                    continue;
                }
                String from;
                Node maker = v.node;
                if (maker != null && maker.index < size && node(maker.index) == maker) {
                    from = "n" + maker.index;
                } else {
                    from = leaves.get(v);
                    if (from == null) {
                        from = "t" + leaves.size();
                        leaves.put(v, from);
                        dot.append("  ")
                                .append(from)
                                .append(" [shape=ellipse, label=\"")
                                .append(quote(v.leafName()))
                                .append("\"];\n");
                    }
                }
                dot.append("  ")
                        .append(from)
                        .append(" -> n")
                        .append(i)
                        .append(" [label=\"")
                        .append(v.shape)
                        .append("\"];\n");
            }
        }
        return dot.append("}\n").toString();
    }

    private static String quote(String s) {
        return s.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
