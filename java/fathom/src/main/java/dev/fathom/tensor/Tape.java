package dev.fathom.tensor;

import dev.fathom.op.Op;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The recorded calls of a pass, in order. Backward walks them, a plan is made from them, and {@link #toDot} draws them. */
public final class Tape {
    private @Nullable Node[] nodes = new Node[64];
    private int size;

    Tape() {}

    void add(Node node) {
        if (size == nodes.length) {
            nodes = Arrays.copyOf(nodes, 2 * size);
        }
        nodes[size++] = node;
    }

    Node node(int i) {
        Node n = nodes[i];
        assert n != null;
        return n;
    }

    /** Returns the number of recorded calls. */
    public int size() {
        return size;
    }

    void clear() {
        Arrays.fill(nodes, 0, size, null);
        size = 0;
    }

    /**
     * A recorded call, for tools.
     *
     * @param op the op that was called
     * @param path the names of the nets around the call, joined by dots; empty outside any net
     * @param net the innermost net, null outside any
     * @param inputs its operands; null where one was left out
     * @param outputs its results; null where one was not needed
     */
    public record Entry(
            Op op, String path, @Nullable Object net, List<@Nullable Tensor> inputs, List<@Nullable Tensor> outputs) {}

    /** Returns the recorded calls, in order. */
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            Node n = node(i);
            entries.add(new Entry(
                    n.op,
                    n.path(),
                    n.frame == null ? null : n.frame.net,
                    Arrays.asList(n.in.clone()),
                    Arrays.asList(n.out.clone())));
        }
        return entries;
    }

    /**
     * Returns the graph in Graphviz's language: boxes are calls, and ellipses are tensors that no recorded call made. Render it with {@code dot
     * -Tsvg}.
     */
    public String toDot() {
        StringBuilder dot =
                new StringBuilder("digraph tape {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        Map<Tensor, String> leaves = new IdentityHashMap<>();
        for (int i = 0; i < size; i++) {
            Node n = node(i);
            String path = n.path();
            dot.append("  n").append(i).append(" [label=\"").append(quote(n.op.label()));
            if (!path.isEmpty()) {
                dot.append("\\n").append(quote(path));
            }
            dot.append("\"];\n");
            for (Tensor t : n.in) {
                if (t == null) {
                    continue;
                }
                String from;
                Node maker = t.node();
                if (maker != null && maker.index < size && node(maker.index) == maker) {
                    from = "n" + maker.index;
                } else {
                    from = leaves.get(t);
                    if (from == null) {
                        from = "t" + leaves.size();
                        leaves.put(t, from);
                        dot.append("  ")
                                .append(from)
                                .append(" [shape=ellipse, label=\"")
                                .append(quote(t.leafName()))
                                .append("\"];\n");
                    }
                }
                dot.append("  ")
                        .append(from)
                        .append(" -> n")
                        .append(i)
                        .append(" [label=\"")
                        .append(t.shape())
                        .append("\"];\n");
            }
        }
        return dot.append("}\n").toString();
    }

    private static String quote(String s) {
        return s.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
