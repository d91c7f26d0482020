package dev.fathom.plan;

import dev.fathom.tensor.Op;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts calls that scale and shift channels by constants, such as batch norm in evaluation, into the weights of the call before. */
final class Folding {
    private Folding() {}

    /** Does so wherever {@link Op#fold} finds one op for both, in all graphs alike; the weights are made once and belong to the first. */
    static void fold(List<Graph> graphs) {
        Graph graph = graphs.get(0);
        Graph.Links links = graph.links();
        BitSet gone = new BitSet();
        for (int i = 0; i < graph.nodes.size(); i++) {
            Graph.Node user = graph.nodes.get(i);
            int first = user.in().length == 0 ? -1 : links.makerForOne(user.in()[0]);
            if (first < 0 || gone.get(first)) {
                continue;
            }
            Graph.Node before = graph.nodes.get(first);
            if (before.out()[0] != user.in()[0] || links.usedBeyondFirst(before) || links.usedBeyondFirst(user)) {
                continue;
            }
            try (Pass pass = Pass.infer()) {
                Op.Folded folded = before.op().fold(user.op(), constants(graph, before), constants(graph, user));
                if (folded != null) {
                    for (Graph g : graphs) {
                        g.nodes.set(i, merged(g, first, i, folded, g == graph));
                    }
                    gone.set(first);
                }
            }
        }
        graphs.forEach(g -> g.remove(gone));
    }

    private static @Nullable Tensor[] constants(Graph graph, Graph.Node node) {
        @Nullable Tensor[] constants = new Tensor[node.in().length];
        for (int i = 0; i < constants.length; i++) {
            constants[i] = graph.values.get(node.in()[i]).source();
        }
        return constants;
    }

    private static Graph.Node merged(Graph graph, int first, int second, Op.Folded folded, boolean keep) {
        Graph.Node before = graph.nodes.get(first);
        Graph.Node user = graph.nodes.get(second);
        List<Integer> in = new ArrayList<>(List.of(before.in()[0]));
        for (Tensor weight : folded.weights()) {
            in.add(graph.addWeight(before.where() + " folded", weight, keep));
        }
        for (int i : folded.rest()) {
            in.add(user.in()[i]);
        }
        int[] out = new int[folded.op().outputs()];
        Arrays.fill(out, -1);
        out[0] = user.out()[0];
        return new Graph.Node(
                folded.op(), before.path(), in.stream().mapToInt(v -> v).toArray(), out);
    }
}
