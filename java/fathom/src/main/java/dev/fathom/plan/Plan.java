package dev.fathom.plan;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Access;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A network frozen for serving: its packed weights, and its commands, in which only the batch, the length and the addresses of a session are open. A
 * plan is immutable and may be shared by all threads, each with a {@link Session} of its own. It is a snapshot: training the model later does not
 * change it.
 */
public final class Plan implements AutoCloseable {
    /** A command whose words are functions of the free dimensions. */
    record Template(Kernel kernel, String where, List<Term> terms) {
        /** Bytes of scratch that the command needs at these sizes; addresses are not known yet, only which are 0. */
        long scratchBytes(Sizes sizes, Commands commands) {
            long[] words = new long[kernel.written()];
            for (int w = 0; w < words.length; w++) {
                words[w] = terms.get(w).value().at(sizes) + (terms.get(w).slot() == null ? 0 : 1);
            }
            long bytes = commands.scratchBytes(kernel, words);
            if (bytes < 0) {
                throw new IllegalArgumentException(
                        "newSession: " + where + ": it would need more than 1 TiB of scratch memory at " + sizes
                                + "; choose a smaller " + sizes.names());
            }
            return bytes;
        }
    }

    /** One word: an integer or the bits of a float, or an address, counted from the beginning of a slot. */
    record Term(@Nullable Slot slot, Bilinear value) {}

    /** What must not become negative at the sizes of a session, and the call that needs it. */
    record Limit(String where, Bilinear room) {
        void check(Sizes s) {
            if (room.at(s) >= 0) {
                return;
            }
            long ofBatch = room.batch() + room.both() * s.length();
            long ofLength = room.length() + room.both() * s.batch();
            boolean byLength = ofLength != 0;
            long value = byLength ? s.length() : s.batch();
            long slope = byLength ? ofLength : ofBatch;
            long rest = room.at(s) - slope * value;
            boolean small = slope > 0;
            // where the line crosses zero, rounded to the side that works
            long edge = small ? -Math.floorDiv(rest, slope) : Math.floorDiv(rest, -slope);
            throw new IllegalArgumentException("newSession: " + (byLength ? "length=" : "batch=") + value + " is too "
                    + (small ? "small" : "large") + " for " + where + "; choose at " + (small ? "least " : "most ")
                    + edge + (byLength && ofBatch != 0 ? " at batch=" + s.batch() : ""));
        }
    }

    final List<Template> templates;
    final List<Slot> slots;
    final List<Spec> specs;
    final List<ShapeRules.Operand> inputs;
    final List<ShapeRules.Operand> outputs;
    /** For each output, the number of the carried input in whose memory it is computed, or -1. */
    final int[] inPlace;

    final Block weights;
    private final List<Limit> limits;
    private final List<ShapeRules.Rule> rules;
    /** Those of the first trace: a dimension that no input has is 0. */
    private final Sizes traced;

    private final int defaultBatch;

    Plan(
            List<Template> templates,
            List<Slot> slots,
            List<Spec> specs,
            List<ShapeRules.Operand> inputs,
            List<ShapeRules.Operand> outputs,
            int[] inPlace,
            List<Limit> limits,
            List<ShapeRules.Rule> rules,
            Block weights,
            Sizes traced,
            int defaultBatch) {
        this.templates = List.copyOf(templates);
        this.slots = List.copyOf(slots);
        this.specs = List.copyOf(specs);
        this.inputs = List.copyOf(inputs);
        this.outputs = List.copyOf(outputs);
        this.inPlace = inPlace;
        this.limits = List.copyOf(limits);
        this.rules = List.copyOf(rules);
        this.weights = weights;
        this.traced = traced;
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
     * components and map entries name the outputs: {@code Map.of("logits", y)} is read as {@code session.output("logits")}. A single tensor is called
     * {@code output}, and those of a list {@code output0}, {@code output1} and so on.
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
                        + " are lengths but no input has Dim.LENGTH, so that nothing says how long a complete sequence is; give them as Spec.of(\""
                        + s.name() + "\", DType.I32, Dim.BATCH), and write them before each run");
            }
        }
        List<Sizes> sizes = Sizes.traced(
                in.stream().anyMatch(s -> s.has(Dim.BATCH)),
                in.stream().anyMatch(s -> s.has(Dim.LENGTH)),
                defaultBatch);
        try (Traces traces = Traces.of(in, sizes, tensors -> function.apply(model.net(), tensors))) {
            return new PlanBuilder(traces).build(in, defaultBatch);
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
        if (traced.length() != 0) {
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
        if (traced.length() == 0) {
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
        if (traced.batch() == 0 && batch != 1) {
            throw new IllegalArgumentException("newSession: batch=" + batch
                    + " but no input of this plan has Dim.BATCH; " + (length == 0 ? "use newSession()" : "give 1"));
        }
        Sizes sizes = new Sizes(traced.batch() == 0 ? 0 : batch, length);
        limits.forEach(l -> l.check(sizes));
        ShapeRules.check(rules, sizes);
        return new Session(this, sizes);
    }

    /** Returns the bytes that a session of this batch size needs for intermediates. */
    public long workspaceBytes(int batch) {
        return workspaceBytes(batch, 0);
    }

    /** Returns the bytes that a session of this batch size and length needs for intermediates. */
    public long workspaceBytes(int batch, int length) {
        return Placement.of(this, new Sizes(batch, length)).bytes();
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
        StringBuilder s = new StringBuilder();
        templates.forEach(t -> s.append(t.kernel.name().toLowerCase(Locale.ROOT))
                .append("  ")
                .append(t.where)
                .append('\n'));
        return s.toString();
    }

    /** Closes the plan. Its memory is freed when its last session is closed too. Closing twice does nothing. */
    @Override
    public void close() {
        weights.close();
    }
}
