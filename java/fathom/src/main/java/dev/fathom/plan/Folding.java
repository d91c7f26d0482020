package dev.fathom.plan;

import dev.fathom.op.Op;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Puts calls that scale and shift channels by constants, such as batch norm in evaluation, into the weights of the call before. Here this is decided by
 * shapes; the weights are computed when the plan's block is filled, one after the other, so that no second copy of a model's weights is ever held.
 */
final class Folding {
    private Folding() {}

    /** Two calls that become one: what {@link Op#fold} makes of their constants. */
    record Fold(Graph.Node before, Graph.Node user) {
        /** The weights of the one call, computed in the current pass. */
        Tensor[] weights(Graph graph) {
            return Objects.requireNonNull(with(graph, graph::weight), "what folded by its shapes folds")
                    .weights();
        }

        private Op.@Nullable Folded with(Graph graph, IntFunction<Tensor> weight) {
            return before.op().fold(user.op(), constants(graph, before, weight), constants(graph, user, weight));
        }
    }

    /** Weight {@code number} of those that a fold makes. */
    record Weight(Fold fold, int number) {}

    /** Does so wherever {@link Op#fold} finds one op for both, in all graphs alike. */
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
            try (Pass pass = Access.freeze()) {
                Fold fold = new Fold(before, user);
                Op.Folded folded = fold.with(
                        graph,
                        v -> Access.input(
                                pass,
                                graph.values.get(v).shape(),
                                graph.values.get(v).dtype()));
                if (folded != null) {
                    for (Graph g : graphs) {
                        g.nodes.set(i, merged(g, first, i, fold, folded));
                    }
                    gone.set(first);
                }
            }
        }
        graphs.forEach(g -> g.remove(gone));
    }

    /** What {@code weight} gives for the constants among the inputs of a node, null for the others. */
    private static @Nullable Tensor[] constants(Graph graph, Graph.Node node, IntFunction<Tensor> weight) {
        @Nullable Tensor[] constants = new Tensor[node.in().length];
        for (int i = 0; i < constants.length; i++) {
            int v = node.in()[i];
            constants[i] = graph.values.get(v).kind() == Graph.Kind.WEIGHT ? weight.apply(v) : null;
        }
        return constants;
    }

    private static Graph.Node merged(Graph graph, int first, int second, Fold fold, Op.Folded folded) {
        Graph.Node before = graph.nodes.get(first);
        Graph.Node user = graph.nodes.get(second);
        List<Integer> in = new ArrayList<>(List.of(before.in()[0]));
        for (int w = 0; w < folded.weights().length; w++) {
            Tensor shaped = folded.weights()[w];
            in.add(graph.addWeight(before.where() + " folded", shaped.shape(), shaped.dtype(), new Weight(fold, w)));
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
