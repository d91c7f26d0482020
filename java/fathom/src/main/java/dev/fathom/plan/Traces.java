package dev.fathom.plan;

import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToLongFunction;

/**
 * One function traced and lowered at several batch sizes. All traces make the same calls and commands; the numbers in which they differ are lines over
 * the batch.
 *
 * @param batches the batch sizes
 * @param graphs what was called, for each of them
 * @param lowered the commands of these calls
 */
record Traces(int[] batches, List<Graph> graphs, List<Lowering> lowered) implements AutoCloseable {
    /**
     * Traces {@code body}.
     *
     * @throws IllegalStateException if it reads values that depend on its inputs, or if calls, commands or constants differ from batch to batch
     */
    static Traces of(List<Spec> specs, int[] batches, Function<Tensor[], Object> body) {
        Traces traces = new Traces(batches, new ArrayList<>(), new ArrayList<>());
        Graph first = Graph.trace(specs, batches[0], body);
        traces.graphs.add(first);
        try {
            BitSet growing = new BitSet();
            for (int t = 1; t < batches.length; t++) {
                try (Graph graph = Graph.trace(specs, batches[t], body)) { // its constants are those of the first
                    first.mustMatch(graph, batches[0], batches[t]);
                    growing.or(Constants.growing(first, batches[0], graph, batches[t]));
                    traces.graphs.add(graph);
                }
            }
            for (Graph graph : traces.graphs) {
                growing.stream().forEach(graph::repeatRow);
                graph.prune();
            }
            Folding.fold(traces.graphs);
            for (Graph graph : traces.graphs) {
                graph.fuse();
                traces.lowered.add(Lowering.of(graph));
            }
            for (int t = 1; t < batches.length; t++) {
                traces.lowering().mustMatch(traces.lowered.get(t), batches[0], batches[t]);
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

    /** Word {@code w} of command {@code c}; a float must be the same at every batch. */
    Affine word(int c, int w) {
        Lowering.Command command = lowering().commands.get(c);
        String what = "argument " + w + " of " + command.kernel();
        IntToLongFunction value =
                t -> lowered.get(t).commands.get(c).words().get(w).value();
        return line(
                lowering().where(command), what, value, command.words().get(w).type() == Lowering.Type.FLOAT);
    }

    /** The size of a slot. */
    Affine bytes(int slot) {
        int value = lowering().slots.get(slot).value();
        String name = value < 0 ? "scratch" : graph().values.get(value).name();
        return line(
                name, "its size in bytes", t -> lowered.get(t).slots.get(slot).bytes(), false);
    }

    /** The size of a value. */
    Affine size(int value) {
        return line(
                value, "its size in bytes", t -> graphs.get(t).values.get(value).bytes());
    }

    /** Where a value begins in its slot. */
    Affine offset(int value) {
        return line(
                value, "its offset in bytes", t -> lowered.get(t).places[value].offset());
    }

    /** The dimensions of a value. */
    Affine[] dims(int value) {
        Affine[] dims = new Affine[graph().values.get(value).shape().rank()];
        for (int i = 0; i < dims.length; i++) {
            int d = i;
            dims[d] = line(
                    value,
                    "dimension " + d,
                    t -> graphs.get(t).values.get(value).shape().dim(d));
        }
        return dims;
    }

    private Affine line(int value, String what, IntToLongFunction inTrace) {
        return line(graph().values.get(value).name(), what, inTrace, false);
    }

    /** The line through a number that {@code inTrace} finds in each of the traces. */
    private Affine line(String where, String what, IntToLongFunction inTrace, boolean constant) {
        long[] values = new long[batches.length];
        for (int t = 0; t < values.length; t++) {
            values[t] = inTrace.applyAsLong(t);
        }
        Affine line = Affine.through(batches, values);
        if (line == null || constant && line.slope() != 0) {
            StringBuilder s = new StringBuilder("freeze: " + where + ": " + what + " is ");
            for (int t = 0; t < values.length; t++) {
                s.append(t == 0 ? "" : ", ")
                        .append(constant ? (Object) Float.intBitsToFloat((int) values[t]) : values[t])
                        .append(" at batch ")
                        .append(batches[t]);
            }
            throw new IllegalStateException(s
                    + (constant
                            ? "; a number in a plan is constant: compute it from the inputs by ops, or make it an input"
                            : "; a plan needs sizes that are constant or grow in proportion to the batch"));
        }
        return line;
    }

    @Override
    public void close() {
        graph().close();
    }
}
