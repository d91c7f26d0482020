package dev.fathom.plan;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.Quota;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A network frozen for serving: its packed weights, and its commands, in which only the batch, the length and the
 * addresses of a session are open. A plan is immutable and may be shared by all threads, each with a {@link Session} of
 * its own. It is a snapshot: training the model later does not change it.
 */
public final class Plan implements AutoCloseable {
    private static final int RECENT = 16;

    final List<Spec> specs;
    final Calls calls;
    final Block weights;
    /** The memory of the sessions. */
    final Quota sessions = new Quota("plan");

    private final Map<Slot.Content, Long> addresses;
    /** The commands at the sizes that sessions had last, because a decoder makes a session for each prompt. */
    private final Map<Sizes, Lowering> recent = new LinkedHashMap<>(2 * RECENT, 0.75f, true);

    private final String commands;
    private final int defaultBatch;
    final Predictor predictor;
    /** What {@link #outputs()} returns, once somebody asked. */
    private volatile @Nullable List<Spec> outputs;
    /** The file that holds the weights in place of the block, mapped for as long as anything refers to this plan. */
    final @Nullable ByteBuffer mapped;

    /**
     * @param addresses of the weights that the commands read, for as long as the block of weights is there
     * @param commands their kernels and callers, for people
     * @param batch the batch size of sessions that are not told otherwise, or 0
     * @param mapped where the weights lie in a file, or null
     */
    Plan(
            Calls calls,
            Block weights,
            Map<Slot.Content, Long> addresses,
            String commands,
            int batch,
            @Nullable ByteBuffer mapped) {
        this.mapped = mapped;
        specs = calls.specs();
        this.calls = calls;
        this.weights = weights;
        this.addresses = addresses;
        this.commands = commands;
        Range batches = calls.batches();
        predictor = new Predictor(this);
        defaultBatch = batch > 0 ? batch : !batches.free() || batches.has(1) ? 1 : batches.min();
    }

    /**
     * Freezes a layer of one input. The first dimension of {@code shape} is the batch size of {@link #newSession()};
     * other sessions may choose another.
     *
     * @throws IllegalStateException if the forward reads values that depend on the input, or chooses layers by the
     *     batch size
     * @throws IllegalArgumentException if it refuses the shape, or there is no example in it
     */
    public static Plan freeze(Model<? extends Layer> model, Shape shape) {
        if (shape.rank() == 0) {
            throw new IllegalArgumentException("freeze: shape [] has no batch dimension; give at least [1, ...]");
        }
        if (shape.dim(0) < 1) {
            throw new IllegalArgumentException(
                    "freeze: shape " + shape + " has no examples; give a first dimension of at least 1");
        }
        int[] dims = shape.toArray();
        dims[0] = Dim.BATCH;
        return freeze(
                model,
                (net, in, state) -> net.apply(in[0]),
                net -> State.EMPTY,
                shape.dim(0),
                null,
                Spec.of("input", dims));
    }

    /**
     * Freezes a function of a net and some inputs. It returns the outputs as a tensor, or as a record, map, list or
     * array of tensors. Record components and map entries name the outputs: {@code Map.of("logits", y)} is read as
     * {@code session.output("logits")}, and {@code Map.of("3", y)} as {@code session.output("3")}. A single tensor is
     * called {@code output}, and those of a list {@code output0}, {@code output1} and so on.
     *
     * <p>The function is called many times, with inputs of several sizes and without values: at both ends of the batch
     * sizes and lengths that the specs name, and between. Without {@link Spec#batch} and {@link Spec#length}, those up
     * to 4,096 are found that it takes. Whatever follows the sizes must be linear in the batch, and linear in the
     * length or a floor quotient of it by at most 32. What follows a quotient by more can be frozen at its multiples:
     * {@link Spec#length(int, int, int)}.
     *
     * @throws IllegalStateException if it reads values that depend on the inputs, chooses layers by the batch size or
     *     the length, or follows them in another way
     * @throws IllegalArgumentException if it refuses a size that the specs name, or all that are tried
     */
    public static <M extends Net> Plan freeze(Model<M> model, BiFunction<M, Tensor[], ?> function, Spec... specs) {
        return freeze(model, (net, in, state) -> function.apply(net, in), net -> State.EMPTY, 0, null, specs);
    }

    /**
     * Freezes a function of a net as {@link #freeze(Model, BiFunction, Spec...)} does, and closes the model, whose
     * memory becomes the plan's: weights stay where they are or are packed there, so that a large net that only serves
     * is held once.
     *
     * @throws IllegalStateException as {@code freeze}, after which the model is closed too; or if another thread reads
     *     or changes the model, which then stays open
     * @throws IllegalArgumentException as {@code freeze}, after which the model is closed too
     */
    public static <M extends Net> Plan consume(Model<M> model, BiFunction<M, Tensor[], ?> function, Spec... specs) {
        Block values = StoreRange.store(model.range()).values();
        values.change("consume", Values.leases(values));
        try (model) {
            return freeze(model, (net, in, state) -> function.apply(net, in), net -> State.EMPTY, 0, values, specs);
        } finally {
            values.changed();
        }
    }

    /** A function of a net that goes on from a state: it returns a {@link Next}, or another record with a state. */
    @FunctionalInterface
    public interface Step<M> {
        /** Computes the outputs, and the state that follows, from the inputs and the state. */
        Object of(M net, Tensor[] in, State state);
    }

    /**
     * Freezes a step that goes on from a state, such as a recurrent layer's, or the caches of a Transformer:
     *
     * <pre>{@code
     * Plan.freeze(model, (net, in, state) -> net.step(in[0], state), net -> net.encoder().state(1, 128),
     *     Spec.of("token", DType.I32, Dim.BATCH, 1));
     * }</pre>
     *
     * <p>A session keeps the state in place from run to run: it begins with zeros, and after each run it is what the
     * function returned under the same names. A run that fails leaves it as it was, except for caches that are written
     * in place. {@link Session#reset} sets it to zeros again, {@link Session#reorder} moves its rows, and
     * {@link Session#input(String)} reads it or writes to it between runs.
     *
     * @param step gives a {@link Next}, or results as the other {@code freeze} takes them, among which is each tensor
     *     of the state under its name; a record of your own marks its state with {@link dev.fathom.tree.Inline}
     * @param start gives a state with the names, shapes and element types. If an input has {@link Dim#BATCH}, so has
     *     the first dimension of each tensor
     * @throws IllegalStateException as the other {@code freeze}
     * @throws IllegalArgumentException as the other {@code freeze}, or if the state that the step returns has not the
     *     names, shapes and element types of that which it was given
     */
    public static <M extends Net> Plan freeze(Model<M> model, Step<M> step, Function<M, State> start, Spec... inputs) {
        return freeze(model, step, start, 0, null, inputs);
    }

    private static <M extends Net> Plan freeze(
            Model<M> model, Step<M> step, Function<M, State> start, int batch, @Nullable Block given, Spec... inputs) {
        Events.Freeze event = Events.freeze();
        StoreRange.store(model.range());
        List<Spec> in = new ArrayList<>(List.of(inputs));
        try (Pass pass = Pass.infer()) {
            in.addAll(
                    Spec.carried(start.apply(model.net()), Arrays.stream(inputs).anyMatch(s -> s.has(Dim.BATCH))));
        }
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
        Function<Tensor[], Object> function = tensors -> {
            Map<String, Tensor> state = new LinkedHashMap<>();
            for (int i = inputs.length; i < tensors.length; i++) {
                state.put(in.get(i).name(), tensors[i]);
            }
            Object results = step.of(model.net(), Arrays.copyOf(tensors, inputs.length), new State(state));
            if (results instanceof Next next
                    && !state.keySet().containsAll(next.state().names())) {
                throw new IllegalArgumentException("freeze: the step returns " + next.state() + " but was given "
                        + new State(state) + "; return each tensor under the name that it was given");
            }
            return results;
        };
        try (Traces traces = Traces.of(in, batch, function)) {
            Plan plan = new PlanBuilder(traces, given).build(batch);
            if (event != null) {
                event.calls = plan.calls.graph().nodes.size();
                event.weights = plan.weights.bytes();
                event.commit();
            }
            return plan;
        }
    }

    /**
     * Writes this plan to a file, from which {@link #load} and {@link #open} make it without the classes of the model.
     * {@link PlanFile} writes several plans, and texts such as the names of classes.
     *
     * @throws IllegalArgumentException if an op of your own has a component of a type that a file cannot hold
     * @throws IllegalStateException if the plan is closed
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file) {
        PlanFile.save(file, Map.of("plan", this), Map.of());
    }

    /**
     * Reads the only plan of a file into memory, as {@link PlanFile#load} does.
     *
     * @throws IllegalArgumentException as {@link PlanFile#load}, or if there are several plans
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static Plan load(Path file) {
        try (PlanFile plans = PlanFile.load(file)) {
            return plans.plan();
        }
    }

    /**
     * Opens the only plan of a file, whose weights stay there, as {@link PlanFile#open} does. While the plan is open
     * nobody may shorten or overwrite the file.
     *
     * @throws IllegalArgumentException as {@link PlanFile#open}, or if there are several plans
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static Plan open(Path file) {
        try (PlanFile plans = PlanFile.open(file)) {
            return plans.plan();
        }
    }

    /** Returns the inputs that a caller writes, in their order: all but the state that sessions carry. */
    public List<Spec> inputs() {
        List<Spec> written = new ArrayList<>();
        for (Spec spec : specs) {
            if (!spec.isCarried()) {
                written.add(spec);
            }
        }
        return List.copyOf(written);
    }

    /** Returns whether sessions carry a state from run to run. */
    public boolean carriesState() {
        return specs.stream().anyMatch(Spec::isCarried);
    }

    /**
     * Returns the outputs that are no carried state, in the order in which the frozen function returned them. A
     * dimension that is the batch size or the length at all sizes is {@link Dim#BATCH} or {@link Dim#LENGTH}, and
     * {@link Dim#OPEN} if it follows them in another way.
     */
    public List<Spec> outputs() {
        List<Spec> all = outputs;
        if (all == null) {
            all = calls.outputs();
            outputs = all;
        }
        return all;
    }

    /**
     * Computes the first output in one line, for callers who do not count nanoseconds: from any number of threads at a
     * time, each in a session that the plan keeps for later calls.
     *
     * <pre>{@code
     * float[] logits = plan.predict(pixels);
     * }</pre>
     *
     * @param inputs the values of all inputs in their order, one array for each, of any number of examples: the batch
     *     size follows from an input that has no {@link Dim#LENGTH}, or else is 1, and the length follows from the
     *     rest. Those of an I32 or U8 input must be whole numbers
     * @return the values, which nobody else changes
     * @throws IllegalArgumentException if an input has another number of values, or a run refuses them
     * @throws IllegalStateException if the plan is closed
     */
    public float[] predict(float[]... inputs) {
        return predictor.predict(inputs).values();
    }

    /**
     * Makes a plan of the same function that stores the matrices of linear layers and the tables of embeddings in fewer
     * bytes, which the kernels widen as they read them, or multiply as they are with {@link Quantization#INT8}. A run
     * that mostly waits for its weights, such as one of a few examples or of one token at a time, becomes faster in
     * proportion. This plan stays as it is, and either may be closed first.
     *
     * @throws IllegalArgumentException if there is no such matrix or table in F32, or one holds numbers that are not
     *     finite and is to be stored in INT8_WEIGHTS or INT8
     * @throws IllegalStateException if the plan is closed
     */
    public Plan quantize(Quantization as) {
        weights.lease();
        try {
            return new Quantizer(this, as).make();
        } finally {
            weights.release();
        }
    }

    /**
     * Makes a plan as {@link #quantize(Quantization)} does, and measures how much memory it saves and, on a sample, how
     * much its output differs:
     *
     * <pre>{@code
     * Quantized small = plan.quantize(Quantization.BF16, pixels);
     * System.out.println(small); // BF16: 0.47 MB of weights instead of 0.94 (50 %); on 500 rows, outputs differ by ...
     * small.plan().save(file);
     * }</pre>
     *
     * @param sample the values of all inputs, as {@link #predict} takes them: examples like those that the plan will be
     *     given
     * @throws IllegalArgumentException as {@link #quantize(Quantization)} and {@link #predict}
     * @throws IllegalStateException if the plan is closed
     */
    public Quantized quantize(Quantization as, float[]... sample) {
        Plan made = quantize(as);
        try {
            return Quantized.of(as, this, made, sample);
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
    }

    /**
     * Measures where the time of a session of the default batch size goes, on inputs of zeros: {@link Session#profile}
     * of 30 runs. A plan with {@link Dim#LENGTH} is measured at 128 steps, or as near to them as it takes.
     *
     * @throws IllegalStateException if the plan is closed
     */
    public Profile explain() {
        try (Session session = session()) {
            inputs().forEach(spec -> session.inputBytes(spec.name()));
            return session.profile(30);
        }
    }

    /** Returns the calls of this plan, at the sizes of {@link #explain}, in the language of Graphviz. */
    public String toDot() {
        Sizes sizes = typical();
        return lowered(sizes).dot();
    }

    private Session session() {
        Sizes sizes = typical();
        return sizes.length() == 0 ? newSession(defaultBatch) : newSession(defaultBatch, sizes.length());
    }

    private Sizes typical() {
        Range lengths = calls.lengths();
        int length = lengths.free() ? lengths.at(lengths.number(Math.min(128, lengths.max()))) : 0;
        return new Sizes(calls.batches().free() ? defaultBatch : 0, length);
    }

    /** What the commands read, and where it lies. */
    Set<Slot.Content> weights() {
        return addresses.keySet();
    }

    /** Returns the batch size of {@link #newSession()}. */
    public int defaultBatch() {
        return defaultBatch;
    }

    /**
     * Makes a session of the default batch size, which is that of the shape given to {@code freeze}, or else 1 or the
     * smallest that the plan takes.
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
        Sizes sizes = sizes(batch);
        return new Session(this, sizes, lowered(sizes), null, 0);
    }

    /**
     * Makes a session that runs {@code batch} examples of {@code length} steps at a time.
     *
     * @throws IllegalArgumentException if the batch or the length is outside those that a {@link Spec} names or the
     *     plan found, if no input has {@link Dim#LENGTH}, if the batch is not 1 where no input has {@link Dim#BATCH},
     *     or if an op refuses the shapes that follow
     * @throws IllegalStateException if the plan is closed
     */
    public Session newSession(int batch, int length) {
        return newSession(batch, length, null, 0);
    }

    Session newSession(int batch, int length, @Nullable Session owner, int first) {
        Sizes sizes = sizes(batch, length);
        return new Session(this, sizes, lowered(sizes), owner, first);
    }

    private Sizes sizes(int batch) {
        if (calls.lengths().free()) {
            throw new IllegalArgumentException("newSession: batch=" + batch
                    + " but an input of this plan has Dim.LENGTH; use newSession(batch, length)");
        }
        checkBatch(batch, "use newSession()");
        return new Sizes(calls.batches().free() ? batch : 0, 0);
    }

    private Sizes sizes(int batch, int length) {
        if (!calls.lengths().free()) {
            throw new IllegalArgumentException("newSession: length=" + length
                    + " but no input of this plan has Dim.LENGTH; use newSession(batch)");
        }
        Checks.atLeast("newSession", "length", length, 1);
        checkBatch(batch, "give 1");
        calls.lengths().check("length", length);
        return new Sizes(calls.batches().free() ? batch : 0, length);
    }

    private void checkBatch(int batch, String fix) {
        Checks.atLeast("newSession", "batch", batch, 1);
        if (calls.batches().free()) {
            calls.batches().check("batch", batch);
        } else if (batch != 1) {
            throw new IllegalArgumentException(
                    "newSession: batch=" + batch + " but no input of this plan has Dim.BATCH; " + fix);
        }
    }

    Lowering lowered(Sizes sizes) {
        check();
        synchronized (recent) {
            Lowering known = recent.get(sizes);
            if (known != null) {
                return known;
            }
        }
        Lowering lowering = calls.at(sizes, new Commands());
        for (Slot s : lowering.slots) {
            if (s.role == Slot.Role.WEIGHT && s.used() && !addresses.containsKey(s.content)) {
                throw new IllegalArgumentException("newSession: a command wants the weight " + lowering.name(s)
                        + " packed in another way at " + sizes + " than at all sizes at which the plan was traced;"
                        + " choose another " + sizes.names());
            }
        }
        synchronized (recent) {
            if (recent.size() == RECENT) {
                recent.remove(recent.keySet().iterator().next());
            }
            recent.put(sizes, lowering);
        }
        return lowering;
    }

    /** Where a weight lies. */
    long address(Slot.Content weight) {
        return addresses.getOrDefault(weight, 0L); // what no command reads lies nowhere
    }

    /**
     * Returns the bytes that a session of this batch size needs for intermediates.
     *
     * @throws IllegalArgumentException as {@link #newSession(int)}
     */
    public long workspaceBytes(int batch) {
        return WorkspaceLayout.of(lowered(sizes(batch))).bytes();
    }

    /**
     * Returns the bytes that a session of this batch size and length needs for intermediates.
     *
     * @throws IllegalArgumentException as {@link #newSession(int, int)}
     */
    public long workspaceBytes(int batch, int length) {
        return WorkspaceLayout.of(lowered(sizes(batch, length))).bytes();
    }

    /**
     * Returns the bytes of native memory that this plan holds: the weights, unless they lie in a mapped file, and the
     * intermediates of its sessions. The inputs and outputs of a session are direct buffers of the JVM.
     */
    public long memory() {
        return weights.bytes() + sessions.held();
    }

    /**
     * Lets this plan hold at most so many bytes, as {@link #memory} counts them. A session for which there is no room
     * is then refused with a {@link dev.fathom.kernel.NativeMemoryException}; those that are there go on. Returns this
     * plan.
     *
     * @throws IllegalArgumentException if the weights alone have more
     */
    public Plan limitMemory(long bytes) {
        if (bytes < weights.bytes()) {
            throw new IllegalArgumentException("limitMemory: the weights of this plan have " + weights.bytes()
                    + " bytes but the limit is " + bytes + "; give more, or map them by Plan.open");
        }
        sessions.limit(bytes - weights.bytes());
        return this;
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
        predictor.close();
        weights.close();
    }
}
