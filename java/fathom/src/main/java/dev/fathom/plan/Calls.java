package dev.fathom.plan;

import dev.fathom.command.Commands;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a plan, without sizes. At those of a session every op is made anew, checks its inputs, and says its
 * shape and its commands, as in an eager run: nothing is taken over from the traces but integers of ops, and these are
 * functions that every trace agrees with.
 *
 * @param specs of the inputs
 * @param graph the calls at some sizes
 * @param ops for each call, the op at any size
 * @param fixed values whose shape is the same at all sizes but for the first dimension
 * @param batches that a session may have
 * @param lengths that a session may have
 */
record Calls(List<Spec> specs, CallGraph graph, List<Fitted> ops, BitSet fixed, Range batches, Range lengths) {
    /**
     * Fits the calls of traces.
     *
     * @throws IllegalStateException if an op is no function of the sizes
     */
    static Calls of(List<Spec> specs, List<Sizes> sizes, List<CallGraph> graphs, Range batches, Range lengths) {
        CallGraph first = graphs.get(0);
        List<Op> here = first.nodes.stream().map(CallGraph.Node::op).toList();
        return new Calls(
                specs,
                first.at(sizes.get(0), specs, here),
                ops(new Fit(sizes, lengths), graphs),
                fixed(graphs),
                batches,
                lengths);
    }

    /** For each call, the op at any size. */
    static List<Fitted> ops(Fit fit, List<CallGraph> graphs) {
        List<Fitted> ops = new ArrayList<>();
        for (int i = 0; i < graphs.get(0).nodes.size(); i++) {
            int n = i;
            ops.add(fit.of(
                    graphs.get(0).nodes.get(n).where(),
                    graphs.stream().map(g -> g.nodes.get(n).op()).toList()));
        }
        return ops;
    }

    /** The values whose rows have the same shape in all traces. */
    private static BitSet fixed(List<CallGraph> graphs) {
        BitSet fixed = new BitSet();
        for (int v = 0; v < graphs.get(0).values.size(); v++) {
            Shape first = graphs.get(0).values.get(v).shape();
            boolean same = true;
            for (CallGraph g : graphs) {
                same = same && haveSameRows(first, g.values.get(v).shape());
            }
            fixed.set(v, same);
        }
        return fixed;
    }

    private static boolean haveSameRows(Shape a, Shape b) {
        boolean same = a.rank() == b.rank();
        for (int d = 1; same && d < a.rank(); d++) {
            same = a.dim(d) == b.dim(d);
        }
        return same;
    }

    /**
     * The commands at the sizes of a trace.
     *
     * @throws IllegalStateException if an op makes another shape than the trace has: what was merged must do what it
     *     was merged of
     */
    Lowering like(CallGraph trace) {
        CallGraph made = graph(trace.sizes);
        Lowering lowering = Lowering.of(made, fixed, null);
        for (CallGraph.Node node : trace.nodes) {
            for (int v : node.out()) {
                if (v >= 0
                        && !made.values
                                .get(v)
                                .shape()
                                .equals(trace.values.get(v).shape())) {
                    throw new IllegalStateException("freeze: " + node.where() + ": it makes "
                            + made.values.get(v).shape() + " at " + trace.sizes + " but "
                            + trace.values.get(v).shape()
                            + " was traced; the shape of an op must follow from its inputs and components");
                }
            }
        }
        return lowering;
    }

    private CallGraph graph(Sizes sizes) {
        List<Op> made = new ArrayList<>();
        for (int i = 0; i < ops.size(); i++) {
            try {
                made.add(ops.get(i).at(sizes.batch(), lengths.number(sizes)));
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new IllegalArgumentException(
                        "newSession: " + graph.nodes.get(i).where() + " cannot be made at " + sizes + ": "
                                + e.getMessage(),
                        e);
            }
        }
        return graph.at(sizes, specs, made);
    }

    /** The outputs that are no carried state, with the dimensions that follow the sizes. */
    List<Spec> outputs() {
        Sizes few = new Sizes(batches.at(0), lengths.at(0));
        Sizes more = new Sizes(batches.at(1), few.length());
        Sizes longer = new Sizes(few.batch(), lengths.at(1));
        List<CallGraph.Value> here = at(few, null).out();
        List<CallGraph.Value> atMore = at(more, null).out();
        List<CallGraph.Value> atLonger = at(longer, null).out();
        List<Spec> outputs = new ArrayList<>();
        for (int o = 0; o < here.size(); o++) {
            CallGraph.Value out = here.get(o);
            if (specs.stream().anyMatch(s -> s.isCarried() && s.name().equals(out.name()))) {
                continue;
            }
            int[] dims = out.shape().toArray();
            for (int d = 0; d < dims.length; d++) {
                int byBatch = atMore.get(o).shape().dim(d);
                int byLength = atLonger.get(o).shape().dim(d);
                boolean batch = dims[d] == few.batch() && byBatch == more.batch() && byLength == dims[d];
                boolean length = dims[d] == few.length() && byLength == longer.length() && byBatch == dims[d];
                boolean open = byBatch != dims[d] || byLength != dims[d];
                dims[d] = !open ? dims[d] : batch ? Dim.BATCH : length ? Dim.LENGTH : Dim.OPEN;
            }
            outputs.add(Spec.output(out.name(), out.dtype(), dims));
        }
        return List.copyOf(outputs);
    }

    /**
     * The commands at these sizes.
     *
     * @throws IllegalArgumentException if an op refuses them
     */
    Lowering at(Sizes sizes, @Nullable Commands asking) {
        return Lowering.of(graph(sizes), fixed, asking);
    }
}
