package dev.fathom.tensor;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Arena;
import dev.fathom.memory.Block;
import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The scope of a computation: it owns every tensor made while it is the thread's innermost pass, records what backward needs, and frees all
 * of it at its close. Use it in try-with-resources; it belongs to the thread that opened it.
 *
 * <p>{@link #train} records and is in training mode, in which dropout drops. {@link #grad} records in evaluation mode. {@link #infer} does neither,
 * and frees intermediates as soon as the net that made them returns. Only a pass that was opened with an {@link Rng} draws random numbers.
 */
public final class Pass implements AutoCloseable {
    private static final ThreadLocal<@Nullable Pass> CURRENT = new ThreadLocal<>();

    static {
        Where.from(Pass::path);
    }

    /** What is reused from pass to pass with the arena. */
    private static final class Workspace {
        Tape tape = new Tape();
        Tensor[] created = new Tensor[64];

        @Nullable
        Eager idle;

        @Nullable
        Block[] leases = new Block[4];

        int running;
    }

    private final Thread thread = Thread.currentThread();
    private final @Nullable Pass outer = CURRENT.get();
    private final boolean training;
    private final boolean tracing;
    private final Workspace workspace;
    private final Commands commands;
    private boolean closed;
    private @Nullable Object closedAt;
    private int ordinals;
    private int leaseCount;
    private @Nullable List<Pending> pending;
    final Arena arena = Memory.borrow();
    final Frames frames;

    // what a recomputed layer has of its own while it runs again
    Tape tape;

    @Nullable
    Rng rng;

    boolean recording;
    boolean replaying;
    /** Whether backward takes ReLU for what a deconvolutional network makes of it. */
    boolean rectifies;

    /** The recomputed layer that runs for the first time, or null. */
    @Nullable
    Recomputation recomputation;

    private record Pending(Buffer buffer, Tensor next) {}

    private Pass(boolean recording, boolean training, boolean tracing, @Nullable Rng rng) {
        this.recording = recording;
        this.training = training;
        this.tracing = tracing;
        this.rng = rng;
        Workspace w = arena.attachment(Workspace.class);
        if (w == null) {
            w = new Workspace();
            arena.attach(w);
        }
        workspace = w;
        tape = w.tape;
        frames = new Frames(this, arena, w.created);
        commands = arena.commands();
        CURRENT.set(this);
    }

    /** Opens a pass that records for backward, in training mode; random layers draw from {@code rng}. */
    public static Pass train(Rng rng) {
        Objects.requireNonNull(rng, "train: rng is null; give the Rng that dropout and its like draw from");
        return new Pass(true, true, false, rng);
    }

    /** Opens a pass that records for backward, in evaluation mode, for example for gradients with respect to inputs, saliency or style. */
    public static Pass grad() {
        return new Pass(true, false, false, null);
    }

    /** Opens a pass that records for backward, in evaluation mode, whose random ops draw from {@code rng}. */
    public static Pass grad(Rng rng) {
        Objects.requireNonNull(rng, "grad: rng is null; give the Rng to draw from, or call grad()");
        return new Pass(true, false, false, rng);
    }

    /** Opens a pass that records nothing, in evaluation mode, and frees each intermediate when its net returns. */
    public static Pass infer() {
        return new Pass(false, false, false, null);
    }

    /** Opens a pass that records nothing, in evaluation mode, for models that sample: random ops draw from {@code rng}. */
    public static Pass infer(Rng rng) {
        Objects.requireNonNull(rng, "infer: rng is null; give the Rng to draw from, or call infer()");
        return new Pass(false, false, false, rng);
    }

    /** Without an {@code rng} it refuses to draw, as a plan must: what it drew would be the same in every run. */
    static Pass trace(@Nullable Rng rng) {
        return new Pass(false, false, true, rng);
    }

    /**
     * Returns the thread's innermost pass.
     *
     * @throws IllegalStateException if there is none
     */
    public static Pass current() {
        Pass p = CURRENT.get();
        if (p == null) {
            throw new IllegalStateException("no Pass is open on thread "
                    + Thread.currentThread().getName() + "; wrap the call in try (var pass = Pass.infer())");
        }
        return p;
    }

    private static String path() {
        Pass p = CURRENT.get();
        Frame f = p == null ? null : p.frame();
        return f == null ? "" : f.path();
    }

    /**
     * Runs {@code body} in the current pass without recording. Its result is a constant, and everything else that it made is freed at once.
     *
     * @throws IllegalStateException if no pass is open on this thread
     */
    public static Tensor noGrad(Supplier<Tensor> body) {
        Pass p = current();
        p.checkThread();
        boolean was = p.recording;
        int mark = p.frames.mark();
        p.recording = false;
        Tensor y;
        try {
            y = Objects.requireNonNull(body.get(), "noGrad: the body returned null; return a tensor");
        } finally {
            p.recording = was;
        }
        p.frames.releaseAllBut(y, mark, Frame.NO_GRAD);
        return y.needsGradient() ? p.detach(y) : y;
    }

    /**
     * Calls a net's own method in a frame of its own, as {@code Layer.apply} does for {@code forward}: what the method made and does not return is
     * freed at once. Every tensor in a returned record, list, map or array is kept.
     */
    public static <T> T frame(Object net, Supplier<T> body) {
        Pass p = current();
        Frame f = p.enter(net);
        T result = null;
        try {
            result = body.get();
            return result;
        } catch (StackOverflowError e) {
            throw p.frames.tooDeep(f, e);
        } finally {
            p.frames.leave(f, result);
        }
    }

    /** Returns whether random and normalizing layers behave as in training here. */
    public boolean training() {
        return training && (frame() == null || !frame().evalMode);
    }

    /** Returns whether calls are recorded for backward here. */
    public boolean recording() {
        return recording;
    }

    /**
     * Returns the stream from which random ops draw.
     *
     * @throws IllegalStateException if the pass was opened without one, or traces a plan
     */
    public Rng rng() {
        if (rng == null) {
            throw new IllegalStateException(
                    tracing
                            ? "freeze: a plan draws no random numbers" + Where.running()
                                    + "; draw them outside and give them as an input"
                            : "rng" + Where.running()
                                    + ": this pass has no random numbers to draw; open it with Pass.train(rng), "
                                    + "Pass.grad(rng) or Pass.infer(rng)");
        }
        return rng;
    }

    /** Returns the calls recorded so far. The tape stays readable after the close, although its tensors are dead then. */
    public Tape tape() {
        checkOpen();
        if (workspace.tape == tape) {
            workspace.tape = new Tape(); // for the next pass: this one is the caller's from here on
        }
        return tape;
    }

    /** Returns the bytes that tensors of this pass take now. */
    public long liveBytes() {
        checkOpen();
        return arena.live();
    }

    /** Returns the most bytes that tensors of this pass took at the same time. */
    public long peakBytes() {
        checkOpen();
        return arena.peak();
    }

    /**
     * Returns a constant of normally distributed numbers with mean 0 and deviation 1.
     *
     * @throws IllegalStateException as {@link #rng}
     */
    public Tensor randn(int... dims) {
        return random(Kernel.NORMAL, Shape.of(dims), 0, 1);
    }

    /**
     * Returns a constant of numbers that are uniform in [lo, hi).
     *
     * @throws IllegalStateException as {@link #rng}
     */
    public Tensor uniform(Shape shape, float lo, float hi) {
        return random(Kernel.UNIFORM, shape, lo, hi);
    }

    private Tensor random(Kernel kernel, Shape shape, float p0, float p1) {
        checkThread();
        Rng stream = rng();
        Tensor t = create(shape, DType.F32);
        long n = shape.size();
        commands.begin(kernel)
                .at(t.address())
                .put(n)
                .put(p0)
                .put(p1)
                .put(stream.seed())
                .put(stream.take(n))
                .run();
        return t;
    }

    /**
     * Asks for the gradient with respect to {@code x} and returns the tensor to use from here on. For an input that is a view of it; for a result
     * recorded in this pass, it is {@code x} itself. Read the gradient with {@link #gradient} after backward.
     *
     * @throws IllegalStateException if the pass does not record
     * @throws IllegalArgumentException if {@code x} is not F32
     */
    public Tensor watch(Tensor x) {
        checkThread();
        if (!recording) {
            throw new IllegalStateException(
                    "watch: this pass records nothing; open it with Pass.grad() or Pass.train(rng)");
        }
        if (x.dtype() != DType.F32) {
            throw new IllegalArgumentException(
                    "watch: " + x.label() + " is " + x.dtype() + "; only F32 tensors have gradients");
        }
        Tensor w = x.node() != null && x.pass() == this ? x : view(x, x.shape(), 0, null);
        w.watch();
        return w;
    }

    /**
     * Returns the gradient of a watched tensor, or null if no backward has reached it.
     *
     * @throws IllegalArgumentException if the tensor was not watched in this pass
     */
    public @Nullable Tensor gradient(Tensor watched) {
        checkThread();
        if (!watched.watched()) {
            throw new IllegalArgumentException(
                    "gradient: " + watched.label() + " was not watched; call pass.watch(x) before using it");
        }
        if (watched.pass() != this) {
            throw new IllegalArgumentException(
                    "gradient: " + watched.label() + " was watched by another pass; ask that one before it is closed");
        }
        long g = watched.node() == null ? watched.gradient : watched.total;
        return g == 0 ? null : new Tensor(watched.shape(), DType.F32, this, null, g, 0, null, frame());
    }

    // ---- running ops

    /**
     * Runs an op and returns its first result. Inputs that the op calls optional may be null.
     *
     * @throws IllegalArgumentException if an input has the wrong element type, or the op refuses the shapes
     */
    public static Tensor apply(Op op, @Nullable Tensor... in) {
        return call(op, in.clone());
    }

    /** Runs an op in the thread's innermost pass and returns all of its results. Those that exist only for backward may be null. */
    public static Tensor[] applyAll(Op op, @Nullable Tensor... in) {
        return current().run(op, in.clone()).clone();
    }

    /** Runs an op as {@link #apply} does, for callers that make an array for each call: the tape keeps it. */
    static Tensor call(Op op, @Nullable Tensor... in) {
        return current().run(op, in)[0];
    }

    /** The shape of an op's result, or what it refuses; nothing runs. */
    Shape shape(Op op, @Nullable Tensor... in) {
        Eager call = eager();
        try {
            call.begin(this, op, in);
            return shape(call, op, 0);
        } finally {
            idle(call);
        }
    }

    private static Shape shape(Eager call, Op op, int o) {
        try {
            return op.shape(call, o);
        } catch (Shape.TooLarge e) {
            throw call.fail("the result would be of " + e.getMessage());
        }
    }

    private Tensor[] run(Op op, @Nullable Tensor[] in) {
        checkThread();
        Eager call = eager();
        try {
            return run(call, op, in);
        } finally {
            idle(call);
        }
    }

    /** What the next op sees; an op inside an op has one of its own. */
    Eager eager() {
        Eager call = workspace.idle;
        workspace.idle = null;
        workspace.running++;
        return call == null ? new Eager(arena) : call;
    }

    void idle(Eager call) {
        call.end();
        workspace.idle = call;
        workspace.running--;
    }

    private Tensor[] run(Eager call, Op op, @Nullable Tensor[] in) {
        call.begin(this, op, in);
        boolean needs = false;
        boolean traced = false;
        for (int i = 0; i < in.length; i++) {
            Tensor t = in[i];
            if (t == null) {
                if (!op.optional(i)) {
                    throw call.fail("input " + i + " is missing; only what the op calls optional may be null");
                }
                continue;
            }
            t.checkAlive();
            lease(t);
            if (t.traced && t.pass() != this) {
                throw new IllegalStateException("freeze: " + t.label() + " is used in another pass" + Where.running()
                        + "; a plan records one pass, so compute with it in that pass");
            }
            DType takes = op.takes(i);
            if (takes != null && takes != t.dtype()) {
                throw call.fail(call.inName(i) + " " + t.shape() + " is " + t.dtype() + " but must be " + takes
                        + (takes == DType.I32 ? "; make it with Tensor.ofInts" : "; make it with Tensor.of"));
            }
            needs |= needsGradient(t);
            traced |= t.traced;
        }
        needs = needs && op.differentiable();
        boolean record = recording && needs || tracing && traced;
        int n = op.outputs();
        Tensor[] out = new Tensor[n];
        call.results(out);
        for (int o = 0; o < n; o++) {
            Shape shape = shape(call, op, o);
            if (op.onlyForBackward(o) && !(recording && needs)) {
                continue;
            }
            long view = o == 0 ? op.view(call) : -1;
            Tensor x = view >= 0 ? in[0] : null;
            if (x != null && view + shape.size() * x.dtype().bytes() > x.bytes()) {
                throw call.fail("a view of " + shape + " at byte " + view + " does not lie within x " + x.shape());
            }
            DType dtype = op.dtype(call, o);
            out[o] =
                    x != null ? view(x, shape, view, op) : traced ? shaped(shape, dtype, op) : create(shape, dtype, op);
            out[o].traced = traced;
        }
        if (!traced) {
            op.forward(call);
        }
        if (recomputation != null) {
            recomputation.ran(in, out);
        }
        if (record) {
            record(op, in, out);
        }
        return out;
    }

    void record(Op op, @Nullable Tensor[] in, Tensor[] out) {
        int[] versions = null;
        for (int i = 0; i < in.length; i++) {
            Tensor t = in[i];
            if (t != null && op.readsInput(i)) {
                t.root().pins++;
                Variable h = t.root().variable();
                if (h != null) {
                    if (versions == null) {
                        versions = new int[in.length];
                    }
                    versions[i] = h.version();
                }
            }
        }
        Node node = new Node(op, in, out, frame(), versions, tape.size());
        for (int o = 0; o < out.length; o++) {
            if (out[o] != null) {
                if (op.readsOutput(o)) {
                    out[o].root().pins++;
                }
                out[o].made(node);
            }
        }
        tape.add(node);
    }

    boolean needsGradient(Tensor t) {
        return t.needsGradient() && (t.pass() == this || t.pass() == null);
    }

    private void lease(Tensor t) {
        Block b = t.root().block;
        if (b != null) {
            lease(b);
        }
    }

    /** Keeps a block mapped until this pass ends, whoever closes it meanwhile. */
    void lease(Block b) {
        for (int i = leaseCount - 1; i >= 0; i--) {
            if (workspace.leases[i] == b) {
                return;
            }
        }
        b.lease();
        if (leaseCount == workspace.leases.length) {
            workspace.leases = Arrays.copyOf(workspace.leases, 2 * leaseCount);
        }
        workspace.leases[leaseCount++] = b;
    }

    /** An uninitialized constant of this pass. */
    Tensor create(Shape shape, DType dtype) {
        return create(shape, dtype, null);
    }

    private Tensor create(Shape shape, DType dtype, @Nullable Op op) {
        checkThread();
        long address = arena.allocate(Math.multiplyExact(shape.size(), (long) dtype.bytes()));
        Tensor t = new Tensor(shape, dtype, this, null, address, 0, op, frame());
        frames.own(t);
        return t;
    }

    /** What depends on the input of a traced pass: no memory, as nothing is computed. */
    private Tensor shaped(Shape shape, DType dtype, @Nullable Op op) {
        return new Tensor(shape, dtype, this, null, 0, 0, op, frame());
    }

    Tensor view(Tensor of, Shape shape, long offset, @Nullable Op op) {
        Tensor t = new Tensor(shape, of.dtype(), this, of.root(), 0, of.offset() + offset, op, frame());
        lease(of);
        return t;
    }

    /** These values as a constant, through which no gradient flows. */
    Tensor detach(Tensor t) {
        checkThread();
        t.checkAlive();
        return tracing ? t : view(t, t.shape(), 0, null);
    }

    Commands commands() {
        return commands;
    }

    /** Whether what depends on its inputs is recorded by shapes alone, without being computed. */
    boolean tracing() {
        return tracing;
    }

    Tensor input(Shape shape, DType dtype) {
        Tensor t = shaped(shape, dtype, null);
        t.traced = true;
        return t;
    }

    @Nullable
    Frame frame() {
        return frames.current();
    }

    Frame enter(Object net) {
        checkThread();
        return frames.enter(net);
    }

    /** How many calls the tape holds. */
    int recorded() {
        return tape.size();
    }

    int nextOrdinal() {
        return ordinals++;
    }

    // ---- backward

    /**
     * Computes the gradients of {@code loss}, a scalar, with respect to {@code targets}: models, parts, parameters or watched tensors. Without
     * targets, these are all parameters and watched tensors that the loss depends on. The first backward after an optimizer step replaces the
     * gradients of parameters, and later ones add to them, in this pass or in another. Several losses may therefore come one after the other, and so
     * may the parts of a batch, each loss weighted by its share. Buffers are updated when the first backward has succeeded. After a failure the
     * targets have no gradient.
     *
     * @throws IllegalArgumentException if the loss is not a single F32 number
     * @throws IllegalStateException if nothing was recorded for it, a parameter or buffer that backward reads has changed since, or
     *     the loss depends on none of the targets
     */
    public void backward(Tensor loss, Target... targets) {
        checkThread();
        if (loss.shape().size() != 1 || loss.dtype() != DType.F32) {
            throw new IllegalArgumentException(
                    "backward: " + loss.label() + " is not a single number; reduce it with mean() or sum() first");
        }
        loss.address();
        if (loss.node() == null || loss.pass() != this) {
            throw new IllegalStateException("backward: nothing was recorded for " + loss.label()
                    + (recording
                            ? ": no trainable parameter and no watched tensor went into it; unfreeze one, or pass.watch(x)"
                            : ": this pass does not record; open it with Pass.train(rng) or Pass.grad()"));
        }
        if (pending != null) {
            pending.forEach(
                    p -> p.buffer.store().check()); // before anything is done: a closed model's buffer takes no update
        }
        long seed = arena.allocate(4);
        commands.begin(Kernel.FILL).at(seed).put(1).put(1f).run();
        if (!new Backward(this, arena, tape, targets).run(loss, seed)) {
            throw new IllegalStateException("backward: " + loss.label() + " does not depend on any of the targets; "
                    + "pass the model, part, parameter or watched tensor that it was computed from");
        }
        commit();
    }

    void pending(Buffer buffer, Tensor next) {
        checkThread();
        if (!training() || replaying) {
            return;
        }
        next.address();
        next.root().pins++;
        if (pending == null) {
            pending = new ArrayList<>();
        }
        pending.add(new Pending(buffer, next));
    }

    private void commit() {
        if (pending != null) {
            List<Pending> all = pending;
            pending = null;
            for (Pending p : all) {
                lease(p.buffer.value());
                commands.begin(Kernel.COPY)
                        .at(p.next.address())
                        .at(p.buffer.value().address())
                        .put(p.next.bytes())
                        .run();
                p.buffer.store().changed(p.buffer.index());
            }
        }
    }

    // ---- life

    void checkThread() {
        if (Thread.currentThread() != thread) {
            throw new IllegalStateException("this Pass belongs to thread " + thread.getName() + " but thread "
                    + Thread.currentThread().getName()
                    + " used it; open a Pass of its own there, or keep() the tensor to share it");
        }
        checkOpen();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException(
                    "this Pass was closed at " + Memory.render(closedAt) + "; open another one");
        }
    }

    boolean ownedBy(Thread t) {
        return t == thread;
    }

    Thread thread() {
        return thread;
    }

    boolean closed() {
        return closed;
    }

    String closedAt() {
        return Memory.render(closedAt);
    }

    /**
     * Frees every tensor of the pass. Closing twice does nothing.
     *
     * @throws IllegalStateException if it belongs to another thread, a pass opened later is still open, or a net or an op
     *     is running in it
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        checkThread();
        if (CURRENT.get() != this) {
            throw new IllegalStateException("close: a Pass opened later on thread " + thread.getName()
                    + " is still open; close that one first");
        }
        if (frame() != null || workspace.running > 0) {
            throw new IllegalStateException(
                    "close: a net or an op is still running in this Pass; close it after the call has returned");
        }
        closed = true;
        closedAt = Memory.callSite();
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
        for (int i = 0; i < leaseCount; i++) {
            workspace.leases[i].release();
            workspace.leases[i] = null;
        }
        workspace.created = frames.close();
        workspace.tape.clear();
        Memory.giveBack(arena);
    }
}
