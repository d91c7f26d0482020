package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Module;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A network frozen for serving: its commands with every address and size resolved but for the batch, and its weights, packed. A plan is immutable and
 * may be shared by all threads, each with a {@link Session} of its own. It is a snapshot: training the model later does not change it.
 */
public final class Plan implements AutoCloseable {
    /** Batch sizes of the traces: two fix a line, the third refutes a curve; so does the default one, unless it is 1, where dimensions merge. */
    private static final int[] BATCHES = {2, 3, 5};

    /** A command whose words are functions of the batch. */
    record Template(Kernel kernel, String where, List<Term> terms) {}

    /** One word: an integer or the bits of a float, or an address, counted from the beginning of a slot. */
    record Term(@Nullable Slot slot, Affine value) {}

    /** What must not become negative at the batch of a session, and the call that needs it. */
    record Limit(String where, Affine room) {
        void check(int batch) {
            if (room.at(batch) < 0) {
                boolean small = room.slope() > 0;
                // where the line crosses zero, rounded to the side of the batches that work
                long edge = small
                        ? -Math.floorDiv(room.constant(), room.slope())
                        : Math.floorDiv(room.constant(), -room.slope());
                throw new IllegalArgumentException(
                        "newSession: batch=" + batch + " is too " + (small ? "small" : "large") + " for " + where
                                + "; choose at " + (small ? "least " : "most ") + edge);
            }
        }
    }

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
    private final List<Limit> limits;
    private final boolean anyBatch;
    private final int defaultBatch;

    Plan(
            List<Template> templates,
            List<Slot> slots,
            List<Port> inputs,
            List<Port> outputs,
            List<Limit> limits,
            Block weights,
            boolean anyBatch,
            int defaultBatch) {
        this.templates = List.copyOf(templates);
        this.slots = List.copyOf(slots);
        this.inputs = List.copyOf(inputs);
        this.outputs = List.copyOf(outputs);
        this.limits = List.copyOf(limits);
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
        Access.store(model.segments());
        List<Spec> in = List.of(specs);
        if (in.isEmpty()) {
            throw new IllegalArgumentException("freeze: no inputs; give a Spec for each");
        }
        if (in.stream().map(Spec::name).distinct().count() < in.size()) {
            throw new IllegalArgumentException(
                    "freeze: inputs " + in.stream().map(Spec::name).toList() + " share a name; give each its own");
        }
        int[] batches = in.stream().anyMatch(Spec::hasBatch)
                ? IntStream.concat(Arrays.stream(BATCHES), IntStream.of(Math.max(2, defaultBatch)))
                        .distinct()
                        .toArray()
                : new int[] {1};
        try (Traces traces = Traces.of(in, batches, tensors -> function.apply(model.net(), tensors))) {
            return new PlanBuilder(traces).build(in, defaultBatch);
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
     * @throws IllegalArgumentException if batch &lt; 1 or threads &lt; 0, or if a slice has no rows left at this batch
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
        limits.forEach(l -> l.check(batch));
        return new Session(this, batch, threads);
    }

    /** Bytes that a session of this batch size needs for intermediates. */
    public long workspaceBytes(int batch) {
        return Placement.of(slots, batch).bytes();
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
        templates.forEach(t -> s.append(t.kernel.name().toLowerCase(Locale.ROOT))
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
