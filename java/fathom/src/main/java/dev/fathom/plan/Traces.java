package dev.fathom.plan;

import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One function traced at sizes that tell how its calls follow the free dimensions: both ends of their ranges, neighbors
 * between, and a few others. All traces make the same calls, whose ops differ in integers alone.
 */
final class Traces implements AutoCloseable {
    /** The greatest size that is tried where no {@link Spec} names a range. */
    private static final int MOST = 4096;
    /** The sizes from which a search begins where no {@link Spec} names a range. */
    private static final int[] BATCHES = {2, 1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, MOST};

    private static final int[] LENGTHS = {16, 32, 64, 128, 256, 512, 1024, 2048, MOST, 8, 4, 2, 1};

    private final List<Spec> specs;
    private final Function<Tensor[], Object> body;
    private final boolean anyBatch;
    private final boolean anyLength;
    private Range batches = Range.NONE;
    private Range lengths = Range.NONE;
    /** The sizes of the traces. The first has the greatest length, whose constants begin as all others do. */
    final List<Sizes> sizes = new ArrayList<>();

    /** The calls at these sizes; the first stand for all, and their pass has the constants. */
    final List<CallGraph> graphs = new ArrayList<>();

    private @Nullable Constants constants;
    /**
     * The graphs of the search for ranges that have no constants. Their passes are closed; later traces at their sizes
     * take them.
     */
    private final Map<Sizes, CallGraph> tried = new HashMap<>();

    private Traces(List<Spec> specs, Function<Tensor[], Object> body) {
        this.specs = specs;
        this.body = body;
        anyBatch = specs.stream().anyMatch(s -> s.has(Dim.BATCH));
        anyLength = specs.stream().anyMatch(s -> s.has(Dim.LENGTH));
    }

    /**
     * Traces {@code body}.
     *
     * @param batch a batch size that it must take, or 0
     * @throws IllegalStateException if it reads values that depend on its inputs, or if calls, commands or constants
     *     differ from trace to trace
     * @throws IllegalArgumentException if it refuses a size that the specs allow
     * @throws NativeMemoryException if its constants take too much
     */
    static Traces of(List<Spec> specs, int batch, Function<Tensor[], Object> body) {
        Traces traces = new Traces(specs, body);
        try {
            traces.findRanges(batch);
            traces.trace(traces.probes(batch));
            if (!traces.fits()) {
                traces.trace(traces.neighbors());
            }
            traces.merge();
            return traces;
        } catch (RuntimeException | Error e) {
            traces.close();
            throw e;
        }
    }

    /** The calls at any size. */
    Calls calls() {
        return Calls.of(specs, sizes, graphs, batches, lengths);
    }

    // ---- ranges

    private void findRanges(int batch) {
        Range declaredBatches = Spec.declared(specs, Dim.BATCH);
        Range declaredLengths = Spec.declared(specs, Dim.LENGTH);
        batches = declaredBatches == null ? Range.NONE : declaredBatches;
        lengths = declaredLengths == null ? Range.NONE : declaredLengths;
        boolean findBatches = anyBatch && !batches.free();
        boolean findLengths = anyLength && !lengths.free();
        if (findBatches || findLengths) {
            Sizes usual = usual(
                    !findBatches ? new int[] {fewExamples()} : batch > 0 ? new int[] {batch} : BATCHES,
                    findLengths ? LENGTHS : new int[] {lengths.min()});
            if (findLengths) {
                lengths = found("length", usual.length(), MOST, length -> new Sizes(usual.batch(), length));
            }
            if (findBatches) {
                batches = found("batch", usual.batch(), Math.max(MOST, batch), b -> new Sizes(b, usual.length()));
            }
        }
    }

    /** Sizes that the function takes. */
    private Sizes usual(int[] someBatches, int... someLengths) {
        RuntimeException first = null;
        for (int batch : someBatches) {
            for (int length : someLengths) {
                RuntimeException refused = refused(new Sizes(batch, length));
                if (refused == null) {
                    return new Sizes(batch, length);
                }
                first = first == null ? refused : first;
            }
        }
        throw Objects.requireNonNull(first, "some sizes were tried");
    }

    private CallGraph traced(Sizes s) {
        try {
            return CallGraph.trace(specs, s, body);
        } catch (NativeMemoryException e) {
            throw s.ranges().isEmpty()
                    ? e
                    : new NativeMemoryException("freeze: at " + s + ", " + e.getMessage()
                            + "; or, where constants of the function grow with its sizes, name only those that sessions"
                            + " need with " + s.ranges());
        }
    }

    /** What the function throws at these sizes, or null. */
    private @Nullable RuntimeException refused(Sizes s) {
        try (CallGraph graph = traced(s)) {
            if (!graph.hasConstants()) {
                tried.put(s, graph);
            }
            return null;
        } catch (NativeMemoryException e) {
            throw e;
        } catch (RuntimeException e) {
            return e;
        }
    }

    /** The range around {@code inside} that the function takes, at most from 1 to {@code most}. */
    private Range found(String what, int inside, int most, IntFunction<Sizes> at) {
        Edge least = edge(what, inside, 1, at);
        Edge greatest = edge(what, inside, most, at);
        return new Range(least.size, greatest.size, 1, false, least.why, greatest.why);
    }

    /** The last size that the function takes, and what it says of the next. */
    private record Edge(int size, String why) {}

    /** Where the function, which takes {@code inside}, stops on the way to {@code outside}. */
    private Edge edge(String what, int inside, int outside, IntFunction<Sizes> at) {
        int in = inside;
        int out = outside;
        RuntimeException why = in == out ? null : refused(at.apply(out));
        if (why == null) {
            return new Edge(out, "");
        }
        while (Math.abs(out - in) > 1) {
            int middle = (in + out) / 2;
            RuntimeException refused = refused(at.apply(middle));
            if (refused == null) {
                in = middle;
            } else {
                out = middle;
                why = refused;
            }
        }
        return new Edge(in, "at " + what + " " + out + ", " + why.getMessage());
    }

    // ---- probes

    /** A small batch size, before the greatest where there are several. */
    private int fewExamples() {
        return anyBatch ? batches.at(Math.min(batches.number(2), batches.number(batches.max()) - 1)) : 0;
    }

    /** Two neighboring batch sizes, or one where there is no other. */
    private List<Integer> rows() {
        int few = fewExamples();
        return batches.has(few + 1) ? List.of(few, few + 1) : List.of(few);
    }

    /** The number of the first of three neighboring lengths at which nothing special happens. */
    private int middle() {
        return !anyLength
                ? 0
                : Math.max(0, Math.min(lengths.number(Math.max(16, lengths.min())), lengths.number(lengths.max()) - 2));
    }

    private Sizes probe(int batch, int number) {
        return new Sizes(batch, anyLength ? lengths.at(number) : 0);
    }

    private Set<Sizes> probes(int given) {
        int last = anyLength ? lengths.number(lengths.max()) : 0;
        int middle = middle();
        Set<Sizes> probes = new LinkedHashSet<>();
        for (int batch : rows()) {
            for (int number : new int[] {last, middle, middle + 1, middle + 2, 0}) {
                probes.add(probe(batch, number));
            }
        }
        for (int number : new int[] {middle + 3, last / 3, last - 1, 1}) {
            probes.add(probe(fewExamples(), number));
        }
        if (anyBatch) {
            probes.add(probe(batches.min(), 0));
            int at = middle;
            for (int batch : new int[] {batches.min(), 5, 7, given, batches.max()}) {
                if (batches.has(batch)) {
                    probes.add(probe(batch, at++ % (middle + 3)));
                }
            }
        }
        return probes;
    }

    /**
     * So many neighboring lengths that the period of a floor quotient shows: two of the longest, or all that there are.
     */
    private Set<Sizes> neighbors() {
        int first = Math.min(middle(), Math.max(0, lengths.number(lengths.max()) - 2 * Line.MOST));
        Set<Sizes> neighbors = new LinkedHashSet<>();
        for (int batch : rows()) {
            IntStream.rangeClosed(first, first + 2 * Line.MOST).forEach(i -> neighbors.add(probe(batch, i)));
        }
        neighbors.removeAll(sizes);
        return neighbors;
    }

    private void trace(Set<Sizes> at) {
        for (Sizes s : at) {
            CallGraph graph;
            try {
                CallGraph before = graphs.isEmpty() ? null : tried.get(s);
                graph = before == null ? traced(s) : before;
            } catch (IllegalArgumentException e) {
                throw graphs.isEmpty() && at.size() == 1 ? e : refusal(s, e);
            }
            sizes.add(s);
            graphs.add(graph);
            if (constants == null) {
                constants = new Constants(graph);
            } else {
                try (graph) { // its constants are those of the first
                    graphs.get(0).mustMatch(graph);
                    constants.compare(graph);
                }
            }
        }
    }

    /** A refusal that says how to name other sizes: of one dimension, where the size of the other was taken before. */
    private IllegalArgumentException refusal(Sizes s, IllegalArgumentException e) {
        boolean batchTaken = sizes.stream().anyMatch(t -> t.batch() == s.batch());
        boolean lengthTaken = sizes.stream().anyMatch(t -> t.length() == s.length());
        Sizes fault =
                batchTaken == lengthTaken ? s : new Sizes(batchTaken ? 0 : s.batch(), lengthTaken ? 0 : s.length());
        return new IllegalArgumentException(
                "freeze: at " + s + ", " + e.getMessage() + "; or name the sizes that the function takes with "
                        + fault.ranges(),
                e);
    }

    private boolean fits() {
        try {
            Calls.ops(new Fit(sizes, lengths), graphs);
            return true;
        } catch (IllegalStateException e) {
            return !anyLength;
        }
    }

    private void merge() {
        if (constants != null) {
            constants.rewrite(graphs);
        }
        graphs.forEach(CallGraph::prune);
        Folding.fold(graphs);
        CallGraph.fuse(graphs);
        Pairing.pair(graphs);
    }

    @Override
    public void close() {
        if (!graphs.isEmpty()) {
            graphs.get(0).close();
        }
    }
}
