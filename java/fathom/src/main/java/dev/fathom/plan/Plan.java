package dev.fathom.plan;

import dev.fathom.kernel.Commands;
import dev.fathom.memory.Block;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Access;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * A network frozen for serving: its packed weights, and its commands, in which only the batch, the length and the addresses of a session are open. A
 * plan is immutable and may be shared by all threads, each with a {@link Session} of its own. It is a snapshot: training the model later does not
 * change it.
 */
public final class Plan implements AutoCloseable {
    final List<Spec> specs;
    final Block weights;
    private final Calls calls;
    private final Map<Slot.Content, Long> offsets;
    private final String commands;
    private final int defaultBatch;

    /**
     * @param offsets where each weight that the commands read begins in the block of weights
     * @param commands their kernels and callers, for people
     */
    Plan(Calls calls, Block weights, Map<Slot.Content, Long> offsets, String commands, int defaultBatch) {
        specs = calls.specs();
        this.calls = calls;
        this.weights = weights;
        this.offsets = offsets;
        this.commands = commands;
        this.defaultBatch = defaultBatch;
    }

    /**
     * Freezes a layer of one input. The first dimension of {@code shape} is the batch size of {@link #newSession()}; other sessions may choose
     * another.
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
     * Freezes a function of a net and some inputs. It returns the outputs as a tensor, or as a record, map, list or array of tensors. Record
     * components and map entries name the outputs: {@code Map.of("logits", y)} is read as {@code session.output("logits")}, and {@code Map.of("3", y)}
     * as {@code session.output("3")}. A single tensor is called {@code output}, and those of a list {@code output0}, {@code output1} and so on.
     *
     * @throws IllegalStateException if it reads values that depend on the inputs, or chooses layers by the batch size or the length
     */
    public static <M extends Net> Plan freeze(Model<M> model, BiFunction<M, Tensor[], ?> function, Spec... specs) {
        return freeze(model, function, 1, specs);
    }

    private static <M extends Net> Plan freeze(
            Model<M> model, BiFunction<M, Tensor[], ?> function, int defaultBatch, Spec... specs) {
        Access.store(model.range());
        List<Spec> in = List.of(specs);
        if (in.isEmpty()) {
            throw new IllegalArgumentException("freeze: no inputs; give a Spec for each");
        }
        if (in.stream().map(Spec::name).distinct().count() < in.size()) {
            throw new IllegalArgumentException(
                    "freeze: inputs " + in.stream().map(Spec::name).toList() + " share a name; give each its own");
        }
        for (Spec s : in) {
            if (s.isLengths() && in.stream().noneMatch(other -> other.has(Dim.LENGTH))) {
                throw new IllegalArgumentException("freeze: " + s.name()
                        + " are lengths but no input has Dim.LENGTH, so that nothing says how long a complete sequence"
                        + " is; give them as Spec.of(\""
                        + s.name() + "\", DType.I32, Dim.BATCH), and write them before each run");
            }
        }
        try (Traces traces = Traces.of(in, defaultBatch, tensors -> function.apply(model.net(), tensors))) {
            return new PlanBuilder(traces).build(defaultBatch);
        }
    }

    /**
     * Makes a session of the default batch size, which is that of the shape given to {@code freeze}, or else 1.
     *
     * @throws IllegalArgumentException as {@link #newSession(int)}
     */
    public Session newSession() {
        return newSession(defaultBatch);
    }

    /**
     * Makes a session that runs {@code batch} examples at a time.
     *
     * @throws IllegalArgumentException as {@link #newSession(int, int)}, or if an input has {@link Dim#LENGTH}
     * @throws IllegalStateException if the plan is closed
     */
    public Session newSession(int batch) {
        if (calls.lengths().free()) {
            throw new IllegalArgumentException("newSession: batch=" + batch
                    + " but an input of this plan has Dim.LENGTH; use newSession(batch, length)");
        }
        return session(batch, 0);
    }

    /**
     * Makes a session that runs {@code batch} examples of {@code length} steps at a time.
     *
     * @throws IllegalArgumentException if batch or length &lt; 1, if no input has {@link Dim#LENGTH}, if batch is not 1 where no input has {@link
     *     Dim#BATCH}, or if an op refuses the shapes that follow
     * @throws IllegalStateException if the plan is closed
     */
    public Session newSession(int batch, int length) {
        if (!calls.lengths().free()) {
            throw new IllegalArgumentException("newSession: length=" + length
                    + " but no input of this plan has Dim.LENGTH; use newSession(batch)");
        }
        if (length < 1) {
            throw new IllegalArgumentException("newSession: length=" + length + " must be at least 1");
        }
        return session(batch, length);
    }

    private Session session(int batch, int length) {
        if (batch < 1) {
            throw new IllegalArgumentException("newSession: batch=" + batch + " must be at least 1");
        }
        if (!calls.batches().free() && batch != 1) {
            throw new IllegalArgumentException("newSession: batch=" + batch
                    + " but no input of this plan has Dim.BATCH; " + (length == 0 ? "use newSession()" : "give 1"));
        }
        check();
        return new Session(this, sizes(batch, length), lowered(batch, length));
    }

    private Sizes sizes(int batch, int length) {
        return new Sizes(calls.batches().free() ? batch : 0, length);
    }

    private Lowering lowered(int batch, int length) {
        Sizes sizes = sizes(batch, length);
        if (sizes.batch() != 0) {
            calls.batches().check("batch", batch);
        }
        if (length != 0) {
            calls.lengths().check("length", length);
        }
        Lowering lowering = calls.at(sizes, new Commands());
        for (Slot s : lowering.slots) {
            if (s.role == Slot.Role.WEIGHT && s.used() && !offsets.containsKey(s.content)) {
                throw new IllegalArgumentException("newSession: a command wants the weight "
                        + lowering.name(s) + " packed in another way at " + sizes
                        + " than at all sizes at which the plan was traced; choose another " + sizes.names());
            }
        }
        return lowering;
    }

    /** Where a weight lies. */
    long address(Slot weight) {
        return weights.address() + offsets.getOrDefault(weight.content, 0L); // what no command reads lies nowhere
    }

    /** Returns the bytes that a session of this batch size needs for intermediates. */
    public long workspaceBytes(int batch) {
        return workspaceBytes(batch, 0);
    }

    /** Returns the bytes that a session of this batch size and length needs for intermediates. */
    public long workspaceBytes(int batch, int length) {
        return Placement.of(lowered(batch, length)).bytes();
    }

    void check() {
        if (weights.closed()) {
            throw new IllegalStateException(
                    "plan is closed: it was closed at " + weights.closedAt() + "; use it before the close");
        }
    }

    /** Returns the commands in order, one in each line: the kernel, and the layer it comes from. */
    @Override
    public String toString() {
        return commands;
    }

    /** Closes the plan. Its memory is freed when its last session is closed too. Closing twice does nothing. */
    @Override
    public void close() {
        weights.close();
    }
}
