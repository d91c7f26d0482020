package dev.fathom.plan;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Module;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A network frozen for serving: its commands with every address and size resolved but for the batch, and its weights, packed. A plan is immutable and
 * may be shared by all threads, each with a {@link Session} of its own. It is a snapshot: training the model later does not change it.
 */
public final class Plan implements AutoCloseable {
    /** Batch sizes of the traces: two fix a line, the third refutes a curve; so does the default one, unless it is 1, where dimensions merge. */
    private static final int[] BATCHES = {2, 3, 5};

    /** A command whose words are functions of the batch. */
    record Template(Kernel kernel, String where, List<Term> terms) {}

    /** One word: an integer or float (slot -1), or an address. */
    record Term(int slot, Affine value) {}

    /** What a slot is to a session. */
    enum Role {
        INPUT,
        OUTPUT,
        WEIGHT,
        WORK
    }

    /**
     * One piece of memory.
     *
     * @param role whose it is
     * @param number of the input or output
     * @param offset of a weight in the plan's block
     * @param bytes how many
     * @param first the first command that touches it
     * @param last the last one
     */
    record Slot(Role role, int number, long offset, Affine bytes, int first, int last) {}

    /** An input or output as sessions show it. */
    record Port(String name, DType dtype, Affine[] dims) {
        Shape at(int batch) {
            int[] d = new int[dims.length];
            for (int i = 0; i < d.length; i++) {
                d[i] = Math.toIntExact(dims[i].at(batch));
            }
            return Shape.of(d);
        }
    }

    final List<Template> templates;
    final List<Slot> slots;
    final List<Port> inputs;
    final List<Port> outputs;
    final Block weights;
    private final boolean anyBatch;
    private final int defaultBatch;

    private Plan(
            List<Template> templates,
            List<Slot> slots,
            List<Port> inputs,
            List<Port> outputs,
            Block weights,
            boolean anyBatch,
            int defaultBatch) {
        this.templates = templates;
        this.slots = slots;
        this.inputs = inputs;
        this.outputs = outputs;
        this.weights = weights;
        this.anyBatch = anyBatch;
        this.defaultBatch = defaultBatch;
    }

    /**
     * Freezes a layer of one input. The leading dimension of {@code shape} is the batch of {@link #newSession()}; other sessions may choose another.
     *
     * @throws IllegalStateException if the forward reads values that depend on the input, or chooses layers by the batch size
     */
    public static Plan freeze(Model<? extends Layer> model, Shape shape) {
        if (shape.rank() == 0) {
            throw new IllegalArgumentException("freeze: shape [] has no batch dimension; give at least [1, ...]");
        }
        int[] dims = shape.toArray();
        dims[0] = Dim.BATCH;
        return freeze(model, (net, in) -> net.apply(in[0]), shape.dim(0), Spec.of("input", dims));
    }

    /**
     * Freezes a function of a module and some inputs; what it returns (a tensor, or a record, list or array of tensors) are the outputs.
     *
     * @throws IllegalStateException if it reads values that depend on the inputs, or chooses layers by the batch size
     */
    public static <M extends Module> Plan freeze(Model<M> model, BiFunction<M, Tensor[], ?> function, Spec... specs) {
        return freeze(model, function, 1, specs);
    }

    private static <M extends Module> Plan freeze(
            Model<M> model, BiFunction<M, Tensor[], ?> function, int defaultBatch, Spec... specs) {
        model.store();
        List<Spec> in = List.of(specs);
        if (in.isEmpty()) {
            throw new IllegalArgumentException("freeze: no inputs; give a Spec for each");
        }
        if (in.stream().map(Spec::name).distinct().count() < in.size()) {
            throw new IllegalArgumentException(
                    "freeze: inputs " + in.stream().map(Spec::name).toList() + " share a name; give each its own");
        }
        boolean anyBatch = in.stream().anyMatch(Spec::hasBatch);
        int[] batches = anyBatch
                ? IntStream.concat(Arrays.stream(BATCHES), IntStream.of(Math.max(2, defaultBatch)))
                        .distinct()
                        .toArray()
                : new int[] {1};
        Function<Tensor[], Object> body = tensors -> function.apply(model.net(), tensors);
        List<Graph> graphs = new ArrayList<>();
        try {
            List<Lowering> lowered = new ArrayList<>();
            for (int b : batches) {
                Graph g = Graph.trace(in, b, body);
                graphs.add(g);
                graphs.get(0).mustMatch(g, batches[0], b);
            }
            Graph.matchConstants(graphs, batches);
            for (Graph g : graphs) {
                g.prune();
                g.fuse();
                lowered.add(Lowering.of(g));
            }
            return build(in, graphs, lowered, batches, anyBatch, defaultBatch);
        } finally {
            graphs.forEach(Graph::close);
        }
    }

    private static Plan build(
            List<Spec> specs,
            List<Graph> graphs,
            List<Lowering> lowered,
            int[] batches,
            boolean anyBatch,
            int defaultBatch) {
        Graph graph = graphs.get(0);
        Lowering first = lowered.get(0);
        List<Template> templates = templates(graphs, lowered, batches);
        int n = first.slots.size();
        int[] outputOf = new int[n];
        Arrays.fill(outputOf, -1);
        List<Port> outputs = new ArrayList<>();
        List<Slot> extra = new ArrayList<>();
        for (int o = 0; o < graph.outputs.length; o++) {
            int value = graph.outputs[o];
            Graph.Value v = graph.values.get(value);
            outputs.add(
                    new Port("output" + (graph.outputs.length == 1 ? "" : o), v.dtype(), dims(graphs, value, batches)));
            Lowering.Place place = first.places[value];
            Affine bytes = bytes(graphs, lowered, place.slot(), batches);
            Affine size = size(graphs, value, batches);
            boolean direct = isResult(first, graph, place.slot())
                    && outputOf[place.slot()] < 0
                    && place.offset() == 0
                    && bytes.equals(size);
            if (direct) {
                outputOf[place.slot()] = o;
            } else {
                // an input, a weight, part of a buffer or a second name for one: the caller gets a copy
                int slot = n + extra.size();
                int at = templates.size();
                extra.add(new Slot(Role.OUTPUT, o, 0, size, at, at));
                Affine offset = offset(lowered, value, batches);
                templates.add(new Template(
                        Kernel.COPY,
                        "output " + o,
                        List.of(new Term(place.slot(), offset), new Term(slot, Affine.ZERO), new Term(-1, size))));
            }
        }
        int[] begin = new int[n];
        int[] end = new int[n];
        Arrays.fill(begin, Integer.MAX_VALUE);
        for (int c = 0; c < templates.size(); c++) {
            for (Term t : templates.get(c).terms) {
                if (t.slot >= 0 && t.slot < n) {
                    begin[t.slot] = Math.min(begin[t.slot], c);
                    end[t.slot] = c;
                }
            }
        }
        List<Slot> slots = new ArrayList<>();
        long weightBytes = 0;
        for (int s = 0; s < n; s++) {
            Lowering.Slot slot = first.slots.get(s);
            Affine bytes = bytes(graphs, lowered, s, batches);
            boolean used = begin[s] != Integer.MAX_VALUE;
            Graph.Kind kind = slot.value() < 0
                    ? Graph.Kind.RESULT
                    : graph.values.get(slot.value()).kind();
            if (kind == Graph.Kind.INPUT) {
                slots.add(new Slot(Role.INPUT, slot.value(), 0, bytes, 0, 0));
            } else if (kind == Graph.Kind.WEIGHT) {
                slots.add(new Slot(Role.WEIGHT, slot.value(), used ? weightBytes : -1, bytes, 0, 0));
                weightBytes += used ? bytes.at(0) + 63 & -64L : 0;
            } else if (outputOf[s] >= 0) {
                slots.add(new Slot(Role.OUTPUT, outputOf[s], 0, bytes, begin[s], end[s]));
            } else {
                slots.add(new Slot(Role.WORK, -1, 0, used ? bytes : Affine.ZERO, begin[s], end[s]));
            }
        }
        slots.addAll(extra);
        Block weights = new Block("plan", weightBytes, true);
        try {
            fill(weights, graph, first, slots);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
        List<Port> inputs = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            inputs.add(new Port(specs.get(i).name(), specs.get(i).dtype(), dims(graphs, graph.inputs[i], batches)));
        }
        return new Plan(
                List.copyOf(templates),
                List.copyOf(slots),
                List.copyOf(inputs),
                List.copyOf(outputs),
                weights,
                anyBatch,
                defaultBatch);
    }

    private static boolean isResult(Lowering l, Graph g, int slot) {
        int value = l.slots.get(slot).value();
        return value >= 0 && g.values.get(value).kind() == Graph.Kind.RESULT;
    }

    private static List<Template> templates(List<Graph> graphs, List<Lowering> lowered, int[] batches) {
        List<Template> templates = new ArrayList<>();
        Lowering first = lowered.get(0);
        for (int c = 0; c < first.commands.size(); c++) {
            Lowering.Command command = first.commands.get(c);
            String where = graphs.get(0).nodes.get(command.node()).where();
            List<Term> terms = new ArrayList<>();
            for (int w = 0; w < command.words().size(); w++) {
                Lowering.Word word = command.words().get(w);
                long[] values = new long[batches.length];
                for (int b = 0; b < batches.length; b++) {
                    List<Lowering.Command> other = lowered.get(b).commands;
                    if (other.size() != first.commands.size() || other.get(c).kernel() != command.kernel()) {
                        throw new IllegalStateException("freeze: " + where + " runs other kernels at batch "
                                + batches[b] + " than at batch " + batches[0]
                                + "; an op of a plan must write the same commands at every batch size");
                    }
                    Lowering.Word same = other.get(c).words().get(w);
                    if (same.type() != word.type() || same.slot() != word.slot()) {
                        throw new IllegalStateException("freeze: " + where + " reads other memory at batch "
                                + batches[b] + " than at batch " + batches[0]);
                    }
                    values[b] = same.value();
                }
                terms.add(new Term(
                        word.slot(),
                        line(
                                batches,
                                values,
                                where,
                                "argument " + w + " of " + command.kernel(),
                                word.type() == Lowering.Type.FLOAT)));
            }
            templates.add(new Template(command.kernel(), where, List.copyOf(terms)));
        }
        return templates;
    }

    private static Affine line(int[] batches, long[] values, String where, String what, boolean constant) {
        Affine line = Affine.through(batches, values);
        if (line == null || constant && line.slope() != 0) {
            StringBuilder s = new StringBuilder("freeze: " + where + ": " + what + " is ");
            for (int i = 0; i < batches.length; i++) {
                s.append(i == 0 ? "" : ", ")
                        .append(values[i])
                        .append(" at batch ")
                        .append(batches[i]);
            }
            throw new IllegalStateException(
                    s + "; a plan needs sizes that are constant or grow in proportion to the batch");
        }
        return line;
    }

    private static Affine bytes(List<Graph> graphs, List<Lowering> lowered, int slot, int[] batches) {
        long[] values = new long[batches.length];
        for (int b = 0; b < batches.length; b++) {
            values[b] = lowered.get(b).slots.get(slot).bytes();
        }
        int value = lowered.get(0).slots.get(slot).value();
        return line(
                batches,
                values,
                value < 0 ? "scratch" : graphs.get(0).values.get(value).name(),
                "its size in bytes",
                false);
    }

    private static Affine size(List<Graph> graphs, int value, int[] batches) {
        long[] values = new long[batches.length];
        for (int b = 0; b < batches.length; b++) {
            Graph.Value v = graphs.get(b).values.get(value);
            values[b] = v.shape().size() * v.dtype().bytes();
        }
        return line(batches, values, graphs.get(0).values.get(value).name(), "its size in bytes", false);
    }

    private static Affine offset(List<Lowering> lowered, int value, int[] batches) {
        long[] values = new long[batches.length];
        for (int b = 0; b < batches.length; b++) {
            values[b] = lowered.get(b).places[value].offset();
        }
        return line(batches, values, "an output", "its offset", false);
    }

    private static Affine[] dims(List<Graph> graphs, int value, int[] batches) {
        Graph.Value first = graphs.get(0).values.get(value);
        Affine[] dims = new Affine[first.shape().rank()];
        for (int d = 0; d < dims.length; d++) {
            long[] values = new long[batches.length];
            for (int b = 0; b < batches.length; b++) {
                values[b] = graphs.get(b).values.get(value).shape().dim(d);
            }
            dims[d] = line(batches, values, first.name(), "dimension " + d, false);
        }
        return dims;
    }

    private static void fill(Block weights, Graph graph, Lowering lowering, List<Slot> slots) {
        Commands commands = new Commands();
        for (int s = 0; s < lowering.slots.size(); s++) {
            Slot slot = slots.get(s);
            if (slot.role != Role.WEIGHT || slot.offset < 0) {
                continue;
            }
            Lowering.Slot from = lowering.slots.get(s);
            Tensor source = Graph.source(graph.values.get(from.value()));
            long at = Access.address(source);
            long to = weights.address() + slot.offset;
            Block held = Access.lease(source); // another thread may close the model
            try {
                if (from.packed()) {
                    commands.begin(Kernel.LINEAR_PACK)
                            .put(at)
                            .put(to)
                            .put(from.n())
                            .put(from.k())
                            .run();
                } else {
                    commands.begin(Kernel.COPY)
                            .put(at)
                            .put(to)
                            .put(slot.bytes.at(0))
                            .run();
                }
            } finally {
                if (held != null) {
                    held.release();
                }
            }
        }
    }

    /** A session of the default batch: that of the shape given to {@code freeze}, else 1. */
    public Session newSession() {
        return newSession(defaultBatch, 0);
    }

    /** A session that runs {@code batch} examples at a time. */
    public Session newSession(int batch) {
        return newSession(batch, 0);
    }

    /**
     * A session that runs {@code batch} examples at a time on at most {@code threads} threads (0: as many as the pool has).
     *
     * @throws IllegalArgumentException if batch &lt; 1 or threads &lt; 0
     * @throws IllegalStateException if the plan is closed
     */
    public Session newSession(int batch, int threads) {
        if (batch < 1 || threads < 0) {
            throw new IllegalArgumentException(
                    "newSession: batch=" + batch + " must be at least 1 and threads=" + threads + " at least 0");
        }
        if (!anyBatch && batch != 1) {
            throw new IllegalArgumentException(
                    "newSession: batch=" + batch + " but no input of this plan has Dim.BATCH; use newSession()");
        }
        return new Session(this, batch, threads);
    }

    /** Bytes that a session of this batch size needs for intermediates. */
    public long workspaceBytes(int batch) {
        return Placement.of(slots, batch).bytes();
    }

    /** Bytes of the weights, packed ones included. */
    public long weightBytes() {
        return weights.bytes();
    }

    void check() {
        if (weights.closed()) {
            throw new IllegalStateException(
                    "plan is closed: it was closed at " + weights.closedAt() + "; use it before the close");
        }
    }

    /** The commands in order, one a line: kernel and where it comes from. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        templates.forEach(t -> s.append(t.kernel.name().toLowerCase(java.util.Locale.ROOT))
                .append("  ")
                .append(t.where)
                .append('\n'));
        return s.toString();
    }

    /**
     * Closes the plan; its memory goes back with its last session.
     *
     * @throws IllegalStateException if it is closed already
     */
    @Override
    public void close() {
        if (weights.closed()) {
            throw new IllegalStateException(
                    "close: the plan was already closed at " + weights.closedAt() + "; close it once");
        }
        weights.close();
    }
}
