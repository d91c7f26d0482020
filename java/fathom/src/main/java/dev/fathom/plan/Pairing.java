package dev.fathom.plan;

import dev.fathom.ops.RecurrentOp;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Moves recurrent calls that need nothing of each other side by side, such as the two directions of a layer, so that
 * {@link Lowering} lets them run at the same time.
 */
final class Pairing {
    private Pairing() {}

    /** Pairs each recurrent call with the next one where it can, in all graphs alike. */
    static void pair(List<CallGraph> graphs) {
        List<CallGraph.Node> nodes = graphs.get(0).nodes;
        for (int first = recurrent(nodes, 0); first < nodes.size(); first = recurrent(nodes, first + 1)) {
            int second = recurrent(nodes, first + 1);
            BitSet needed = needed(nodes, first, second);
            if (second < nodes.size() && !needed.get(first)) {
                for (CallGraph graph : graphs) {
                    reorder(graph.nodes, first, second, needed);
                }
                first += 1 + needed.cardinality(); // where the second one is now
            }
        }
    }

    /** The first recurrent call from this one on, or the number of calls. */
    private static int recurrent(List<CallGraph.Node> nodes, int from) {
        int at = from;
        while (at < nodes.size() && !(nodes.get(at).op() instanceof RecurrentOp)) {
            at++;
        }
        return at;
    }

    /** The calls from {@code first} on that {@code second} needs, if there is such a call. */
    private static BitSet needed(List<CallGraph.Node> nodes, int first, int second) {
        BitSet needed = new BitSet();
        BitSet read = new BitSet();
        for (int i = Math.min(second, nodes.size() - 1); i >= first; i--) {
            CallGraph.Node node = nodes.get(i);
            if (i == second || Arrays.stream(node.out()).anyMatch(v -> v >= 0 && read.get(v))) {
                needed.set(i, i < second);
                Arrays.stream(node.in()).filter(v -> v >= 0).forEach(read::set);
            }
        }
        return needed;
    }

    /** What the second needs comes first, then both, then the others. */
    private static void reorder(List<CallGraph.Node> nodes, int first, int second, BitSet needed) {
        List<CallGraph.Node> order = IntStream.rangeClosed(first, second)
                .boxed()
                .sorted(Comparator.comparing(i -> needed.get(i) ? 0 : i == first ? 1 : i == second ? 2 : 3))
                .map(nodes::get)
                .toList();
        for (int i = 0; i < order.size(); i++) {
            nodes.set(first + i, order.get(i));
        }
    }
}
