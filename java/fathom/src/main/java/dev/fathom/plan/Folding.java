package dev.fathom.plan;

import dev.fathom.op.Op;
import dev.fathom.ops.Epilogue;
import dev.fathom.ops.NormOp;
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

    /** Two calls that become one: their constants become the weights of one. */
    record Fold(Graph.Node before, Graph.Node user) {
        /** The weights of the one call, computed in the current pass. */
        Tensor[] weights(Graph graph) {
            return Objects.requireNonNull(with(graph, graph::weight), "what folded by its shapes folds")
                    .weights();
        }

        private @Nullable Folded with(Graph graph, IntFunction<Tensor> weight) {
            return before.op() instanceof Epilogue.Fusible first && user.op() instanceof NormOp norm
                    ? folded(first, norm, constants(graph, before, weight), constants(graph, user, weight))
                    : null;
        }
    }

    /** Weight {@code number} of those that a fold makes. */
    record Weight(Fold fold, int number) {}

    /**
     * One op in place of two.
     *
     * @param op what does both; its inputs are input 0 of the first op, the weights, and those of the user's inputs
     * @param weights in place of the first op's constants
     * @param rest numbers of the user's inputs that follow
     */
    private record Folded(Op op, Tensor[] weights, int... rest) {}

    /**
     * With the mean and the variance given, the normalization is act(scale x + shift + residual): the op before, with weights [n, ..] and a bias that have
     * that line in them. The arrays hold the constants among the inputs of both, null for the others. Null where there is no such op.
     */
    private static @Nullable Folded folded(
            Epilogue.Fusible first, NormOp norm, @Nullable Tensor[] own, @Nullable Tensor[] in) {
        Epilogue before = first.epilogue();
        Epilogue end = norm.end();
        Tensor weight = own[1];
        Tensor bias = before.bias() ? own[2] : null;
        boolean open = before.activation() == null && !before.residual() && (!before.bias() || bias != null);
        int constants = 3 + (norm.gamma() ? 1 : 0) + (end.bias() ? 1 : 0);
        if (!open
                || weight == null
                || norm.measured()
                || Arrays.asList(in).subList(1, constants).contains(null)) {
            return null;
        }
        Tensor mean = given(in, 1);
        Tensor scale = given(in, 2).add(norm.epsilon()).rsqrt();
        scale = norm.gamma() ? scale.mul(given(in, norm.gammaAt())) : scale;
        Tensor shift = (bias == null ? mean.neg() : bias.sub(mean)).mul(scale);
        shift = end.bias() ? shift.add(given(in, norm.betaAt())) : shift;
        int[] rows = new int[weight.shape().rank()];
        Arrays.fill(rows, 1);
        rows[0] = weight.dim(0);
        Tensor[] weights = {weight.mul(scale.reshape(rows)), shift};
        int[] rest = end.residual() ? new int[] {norm.residualAt()} : new int[0];
        return new Folded(first.with(new Epilogue(true, end.residual(), end.activation())), weights, rest);
    }

    private static Tensor given(@Nullable Tensor[] in, int i) {
        return Objects.requireNonNull(in[i], "the constants are there");
    }

    /** Does so wherever one op does for both, in all graphs alike. */
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
                Folded folded = fold.with(
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

    private static Graph.Node merged(Graph graph, int first, int second, Fold fold, Folded folded) {
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
