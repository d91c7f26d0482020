package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntToLongFunction;

/**
 * One function traced and lowered at several sizes of its free dimensions. All traces make the same calls and commands; the numbers in which they
 * differ are {@link Bilinear} functions of the sizes.
 *
 * @param sizes at which it was traced
 * @param graphs what was called, for each of them
 * @param lowered the commands of these calls
 */
record Traces(List<Sizes> sizes, List<Graph> graphs, List<Lowering> lowered) implements AutoCloseable {
    /**
     * Traces {@code body}.
     *
     * @throws IllegalStateException if it reads values that depend on its inputs, or if calls, commands or constants differ from trace to trace
     */
    static Traces of(List<Spec> specs, List<Sizes> sizes, Function<Tensor[], Object> body) {
        Traces traces = new Traces(sizes, new ArrayList<>(), new ArrayList<>());
        Graph first = Graph.trace(specs, sizes.get(0), body);
        traces.graphs.add(first);
        try {
            Map<Integer, Integer> growing = new TreeMap<>();
            for (Sizes s : sizes.subList(1, sizes.size())) {
                try (Graph graph = Graph.trace(specs, s, body)) { // its constants are those of the first
                    first.mustMatch(graph);
                    Constants.growing(first, graph).forEach((value, dim) -> growing.merge(value, dim, Math::max));
                    traces.graphs.add(graph);
                }
            }
            for (Graph graph : traces.graphs) {
                growing.forEach(graph::repeat);
                graph.prune();
            }
            Folding.fold(traces.graphs);
            for (Graph graph : traces.graphs) {
                graph.fuse();
                traces.lowered.add(Lowering.of(graph, traces.graphs));
            }
            for (int t = 1; t < sizes.size(); t++) {
                traces.lowering().mustMatch(traces.lowered.get(t));
            }
            return traces;
        } catch (RuntimeException | Error e) {
            traces.close();
            throw e;
        }
    }

    /** The calls: those of the first trace stand for all, and its pass has the constants. */
    Graph graph() {
        return graphs.get(0);
    }

    /** Their commands. */
    Lowering lowering() {
        return lowered.get(0);
    }

    /** Word {@code w} of command {@code c}; a float must be the same in every trace. */
    Bilinear word(int c, int w) {
        Lowering.Command command = lowering().commands.get(c);
        String what = "argument " + w + " of " + command.kernel();
        IntToLongFunction value =
                t -> lowered.get(t).commands.get(c).words().get(w).value();
        return line(
                lowering().where(command), what, value, command.words().get(w).kind() == Kernel.Kind.FLOAT);
    }

    /** The size of a slot; that of scratch of a kernel is nothing yet. */
    Bilinear bytes(int slot) {
        if (lowering().slots.get(slot).bytes() == Lowering.Slot.ASKED) {
            return Bilinear.ZERO;
        }
        int value = lowering().slots.get(slot).value();
        String name = value < 0 ? "scratch" : graph().values.get(value).name();
        return line(
                name, "its size in bytes", t -> lowered.get(t).slots.get(slot).bytes(), false);
    }

    /** The size of a value. */
    Bilinear size(int value) {
        return line(
                value, "its size in bytes", t -> graphs.get(t).values.get(value).bytes());
    }

    /** Where a value begins in its slot. */
    Bilinear offset(int value) {
        return line(
                value, "its offset in bytes", t -> lowered.get(t).places[value].offset());
    }

    /** The dimensions of a value. */
    Bilinear[] dims(int value) {
        Bilinear[] dims = new Bilinear[graph().values.get(value).shape().rank()];
        for (int i = 0; i < dims.length; i++) {
            int d = i;
            dims[d] = line(
                    value,
                    "dimension " + d,
                    t -> graphs.get(t).values.get(value).shape().dim(d));
        }
        return dims;
    }

    private Bilinear line(int value, String what, IntToLongFunction inTrace) {
        return line(graph().values.get(value).name(), what, inTrace, false);
    }

    /** The function through a number that {@code inTrace} finds in each of the traces. */
    private Bilinear line(String where, String what, IntToLongFunction inTrace, boolean constant) {
        long[] values = new long[sizes.size()];
        for (int t = 0; t < values.length; t++) {
            values[t] = inTrace.applyAsLong(t);
        }
        Bilinear line = Bilinear.through(sizes, values);
        if (line == null || constant && !line.isConstant()) {
            StringBuilder s = new StringBuilder("freeze: " + where + ": " + what + " is ");
            for (int t = 0; t < values.length; t++) {
                s.append(t == 0 ? "" : ", ")
                        .append(constant ? (Object) Float.intBitsToFloat((int) values[t]) : values[t])
                        .append(" at ")
                        .append(sizes.get(t));
            }
            throw new IllegalStateException(s
                    + (constant
                            ? "; a number in a plan is constant: compute it from the inputs by ops, or make it an input"
                            : "; a plan needs sizes that are constant or grow in proportion to the "
                                    + sizes.get(0).names()));
        }
        return line;
    }

    @Override
    public void close() {
        graph().close();
    }
}
