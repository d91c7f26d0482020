package dev.fathom.plan;

import dev.fathom.op.Op;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.Epilogue;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.NormOp;
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
 * Puts calls that scale and shift channels by constants, such as batch norm in evaluation, into the weights of the call
 * before. Here this is decided by shapes; the weights are computed when the plan's block is filled, one after the
 * other, so that no second copy of a model's weights is ever held.
 */
final class Folding {
    private Folding() {}

    /** Two calls that become one: their constants become the weights of one. */
    record Fold(CallGraph.Node before, CallGraph.Node user) {
        /** The weights of the one call, computed in the current pass. */
        Tensor[] weights(CallGraph graph) {
            return Objects.requireNonNull(with(graph, graph::weight), "what folded by its shapes folds")
                    .weights();
        }

        private @Nullable Folded with(CallGraph graph, IntFunction<Tensor> weight) {
            boolean product = before.op() instanceof LinearOp || before.op() instanceof ConvOp;
            return product && before.op() instanceof Epilogue first && user.op() instanceof NormOp norm
                    ? folded(first, norm, new Constants(graph, before, weight), new Constants(graph, user, weight))
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

    /** The inputs of a node as {@code weight} gives them. */
    private record Constants(CallGraph graph, CallGraph.Node node, IntFunction<Tensor> weight) {
        /** Input i where it is a constant, else null. */
        @Nullable
        Tensor at(int i) {
            boolean constant = node.has(i) && graph.values.get(node.in()[i]).kind() == CallGraph.Kind.WEIGHT;
            return constant ? weight.apply(node.in()[i]) : null;
        }

        /** Whether input i is given, but not as a constant. */
        boolean varies(int i) {
            return node.has(i) && graph.values.get(node.in()[i]).kind() != CallGraph.Kind.WEIGHT;
        }
    }

    /**
     * A normalization by a given mean and variance is act(scale x + shift + residual): {@code first} does both with the
     * scale in its weight [n, ..] and the shift in its bias. Null where one of these is no constant, or the first op
     * already ends in something else.
     */
    private static @Nullable Folded folded(Epilogue first, NormOp norm, Constants own, Constants in) {
        Tensor weight = own.at(1);
        Tensor bias = own.at(first.bias());
        Tensor mean = in.at(NormOp.MEAN);
        Tensor variance = in.at(NormOp.VARIANCE);
        boolean open = first.activation() == null && !own.node.has(first.residual()) && !own.varies(first.bias());
        boolean constant = !in.varies(NormOp.GAMMA) && !in.varies(norm.bias());
        if (!open || !constant || weight == null || mean == null || variance == null) {
            return null;
        }
        Tensor gamma = in.at(NormOp.GAMMA);
        Tensor beta = in.at(norm.bias());
        Tensor scale = variance.add(norm.epsilon()).rsqrt();
        scale = gamma == null ? scale : scale.mul(gamma);
        Tensor shift = (bias == null ? mean.neg() : bias.sub(mean)).mul(scale);
        shift = beta == null ? shift : shift.add(beta);
        int[] rows = new int[weight.shape().rank()];
        Arrays.fill(rows, 1);
        rows[0] = weight.dim(0);
        Tensor[] weights = {weight.mul(scale.reshape(rows)), shift};
        return new Folded(first.with(norm.activation()), weights, norm.residual());
    }

    /** Does so wherever one op does for both, in all graphs alike. */
    static void fold(List<CallGraph> graphs) {
        CallGraph graph = graphs.get(0);
        CallGraph.Links links = graph.links();
        BitSet gone = new BitSet();
        for (int i = 0; i < graph.nodes.size(); i++) {
            CallGraph.Node user = graph.nodes.get(i);
            int first = user.in().length == 0 ? -1 : links.makerForOne(user.in()[0]);
            if (first < 0 || gone.get(first)) {
                continue;
            }
            CallGraph.Node before = graph.nodes.get(first);
            if (before.out()[0] != user.in()[0] || links.usedBeyondFirst(before) || links.usedBeyondFirst(user)) {
                continue;
            }
            try (Pass pass = Pass.trace(false, null)) {
                Fold fold = new Fold(before, user);
                Folded folded = fold.with(
                        graph,
                        v -> pass.input(
                                graph.values.get(v).shape(), graph.values.get(v).dtype()));
                if (folded != null) {
                    for (CallGraph g : graphs) {
                        g.nodes.set(i, merged(g, first, i, fold, folded));
                    }
                    gone.set(first);
                }
            }
        }
        graphs.forEach(g -> g.remove(gone));
    }

    private static CallGraph.Node merged(CallGraph graph, int first, int second, Fold fold, Folded folded) {
        CallGraph.Node before = graph.nodes.get(first);
        CallGraph.Node user = graph.nodes.get(second);
        List<Integer> in = new ArrayList<>(List.of(before.in()[0]));
        for (int w = 0; w < folded.weights().length; w++) {
            Tensor shaped = folded.weights()[w];
            in.add(graph.addWeight(before.where() + " folded", shaped.shape(), shaped.dtype(), new Weight(fold, w)));
        }
        for (int i : folded.rest()) {
            in.add(user.has(i) ? user.in()[i] : -1);
        }
        int[] out = new int[folded.op().outputs()];
        Arrays.fill(out, -1);
        out[0] = user.out()[0];
        return new CallGraph.Node(
                folded.op(), before.path(), in.stream().mapToInt(v -> v).toArray(), out);
    }
}
