package dev.fathom.autograd;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What lies below a pass: it runs ops, owns the values that they make, records what backward needs, walks back, and
 * gives everything back at its end. {@code Pass}, the only subclass, adds the methods that users call.
 */
public abstract class Scope {
    private static final ThreadLocal<@Nullable Open> CURRENT = new ThreadLocal<>();
    /** So many scopes open at once on one thread are reported. */
    private static final int MANY = 16;

    static {
        Where.from(Scope::path);
    }

    /**
     * An open scope on its thread's stack. The stack does not hold it: a scope that was never closed and that nobody
     * can reach any more, be it by itself or by one of its values, goes to the collector, which gives its memory back
     * and reports it.
     */
    private static final class Open extends WeakReference<Scope> {
        private final @Nullable Open outer;
        /** Ends the leases of a collected scope and gives its pages back, as the collector's own thread does later. */
        final Runnable leftovers;

        Open(Scope scope, @Nullable Open outer) {
            super(scope);
            this.outer = outer;
            leftovers = scope.arena.leftovers();
        }

        int depth() {
            int n = 0;
            for (Open o = this; o != null; o = o.outer) {
                n++;
            }
            return n;
        }
    }

    /** What is reused from scope to scope with the arena. */
    private static final class Workspace {
        Recording tape;
        Value[] created = new Value[64];

        @Nullable
        Eager idle;

        int running;

        Workspace(Recording tape) {
            this.tape = tape;
        }
    }

    private final Thread thread = Thread.currentThread();
    private final Open open;
    private final @Nullable Object openedAt = OffHeap.callSite();
    private final boolean training;
    private final boolean tracing;
    private final Workspace workspace;
    private boolean closed;
    private int ordinals;
    private @Nullable List<Update> updates;
    /** The last backward that succeeded. */
    private @Nullable Backward finished;

    final Arena arena = OffHeap.borrow();
    final Frames frames;

    // what a recomputed layer has of its own while it runs again
    Recording tape;

    @Nullable
    Stream random;

    boolean recording;
    boolean replaying;
    /**
     * Whether everything that goes into a recorded call, and comes out of it, lives on, for the tangents of the calls.
     */
    boolean retaining;
    /** Whether backward takes ReLU for what a deconvolutional network makes of it. */
    boolean rectifies;

    /** What is told of gradients that are complete while backward goes on, or null. */
    @Nullable
    Completion completion;

    /** The recomputed layer that runs for the first time, or null. */
    @Nullable
    Recomputation recomputation;

    /** What a buffer becomes when backward has succeeded. */
    private record Update(Value buffer, Leaf leaf, Value next) {}

    /** Opens a scope inside the thread's innermost one. */
    protected Scope(boolean recording, boolean training, boolean tracing, @Nullable Stream random) {
        this.recording = recording;
        this.training = training;
        this.tracing = tracing;
        this.random = random;
        Workspace w = arena.attachment(Workspace.class);
        if (w == null) {
            w = new Workspace(newRecording());
            arena.attach(w);
        }
        workspace = w;
        tape = w.tape;
        frames = new Frames(this, arena, w.created);
        arena.open(openedAt);
        innermost(); // leaves out what the collector took
        open = new Open(this, CURRENT.get());
        CURRENT.set(open);
        int depth = open.depth();
        if (depth >= MANY && Integer.bitCount(depth) == 1) {
            OffHeap.warn(depth + " passes are open at once on thread " + thread.getName() + ", the latest at "
                    + openedAt() + ": close each pass, or use try-with-resources");
        }
    }

    /**
     * A value in this scope: a view of {@code base} from byte {@code at} on, or without one what lies at this address,
     * 0 where it has a shape only.
     */
    protected abstract Value value(Shape shape, DType dtype, @Nullable Value base, long at, @Nullable Op op);

    /** An array for results. */
    protected abstract Value[] results(int n);

    /** A tape to record on. */
    protected abstract Recording newRecording();

    /** The thread's innermost scope. */
    protected static Scope current() {
        Scope s = innermost();
        if (s == null) {
            throw new IllegalStateException("no Pass is open on thread "
                    + Thread.currentThread().getName() + "; wrap the call in try (var pass = Pass.infer())");
        }
        return s;
    }

    /** The thread's innermost scope, or null. */
    protected static @Nullable Scope innermost() {
        Open top = CURRENT.get();
        Open o = top;
        Scope s = null;
        while (o != null && (s = o.get()) == null) {
            o.leftovers.run();
            o = o.outer;
        }
        if (o != top) {
            CURRENT.set(o);
        }
        return s;
    }

    /** How many scopes of this thread hold a lease of a block. Those that the collector took hold none from here on. */
    static int leasesOf(Block b) {
        int n = 0;
        for (Open o = CURRENT.get(); o != null; o = o.outer) {
            Scope s = o.get();
            if (s == null) {
                o.leftovers.run();
            } else if (s.arena.leases(b)) {
                n++;
            }
        }
        return n;
    }

    private static String path() {
        Scope s = innermost();
        Frame f = s == null ? null : s.frame();
        return f == null ? "" : f.path();
    }

    /** Runs {@code body} without recording; all else that it made is freed at once. */
    protected final <V extends Value> V withoutRecording(Supplier<V> body) {
        boolean was = recording;
        int mark = frames.mark();
        recording = false;
        V y;
        try {
            y = Objects.requireNonNull(body.get(), "noGrad: the body returned null; return a tensor");
        } finally {
            recording = was;
        }
        frames.releaseAllBut(y, mark, Frame.NO_GRAD);
        return y;
    }

    /** Whether random and normalizing layers behave as in training here. */
    protected boolean training() {
        return training && (frame() == null || !frame().evalMode);
    }

    /** Whether calls are recorded for backward here. */
    protected boolean recording() {
        return recording;
    }

    /** Whether what depends on its inputs is recorded by shapes alone, without being computed. */
    protected final boolean tracing() {
        return tracing;
    }

    /** What random ops draw from, or null. */
    protected final @Nullable Stream random() {
        return random;
    }

    /** The calls recorded so far, which stay the caller's after the end. */
    protected final Recording recorded() {
        checkOpen();
        if (workspace.tape == tape) {
            workspace.tape = newRecording(); // for the next scope
        }
        return tape;
    }

    protected final Arena arena() {
        return arena;
    }

    protected final Commands commands() {
        return arena.commands();
    }

    // ---- running ops

    /** The shape of an op's result, or what it refuses; nothing runs. */
    protected final Shape shapeOf(Op op, @Nullable Value... in) {
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

    /** Runs an op; the tape keeps the array of inputs. */
    protected final Value[] run(Op op, @Nullable Value[] in) {
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

    private Value[] run(Eager call, Op op, @Nullable Value[] in) {
        call.begin(this, op, in);
        boolean needs = false;
        boolean traced = false;
        for (int i = 0; i < in.length; i++) {
            Value v = in[i];
            if (v == null) {
                if (!op.optional(i)) {
                    throw call.fail("input " + i + " is missing; only what the op calls optional may be null");
                }
                continue;
            }
            v.checkAlive();
            lease(v);
            if (v.traced && v.scope != this) {
                throw new IllegalStateException("freeze: " + v.label() + " is used in another pass" + Where.running()
                        + "; a plan records one pass, so compute with it in that pass");
            }
            DType takes = op.takes(i);
            if (takes != null && takes != v.dtype) {
                throw call.fail(call.inName(i) + " " + v.shape + " is " + v.dtype + " but must be " + takes
                        + (takes == DType.I32 ? "; make it with Tensor.ofInts, or convert it" : "; convert it")
                        + " with to(DType." + takes + ")");
            }
            needs |= needsGradient(v);
            traced |= v.traced;
        }
        needs = needs && op.differentiable();
        boolean record = recording && needs || tracing && traced;
        int n = op.outputs();
        Value[] out = results(n);
        call.results(out);
        for (int o = 0; o < n; o++) {
            Shape shape = shape(call, op, o);
            if (op.onlyForBackward(o) && !(recording && needs)) {
                continue;
            }
            long view = o == 0 ? op.view(call) : -1;
            Value x = view >= 0 ? in[0] : null;
            if (x != null && view + shape.size() * x.dtype.bytes() > x.bytes()) {
                throw call.fail("a view of " + shape + " at byte " + view + " does not lie within x " + x.shape);
            }
            DType dtype = op.dtype(call, o);
            Value place = x == null && !traced ? place(op, o, in, shape, dtype) : null;
            out[o] = x != null
                    ? view(x, shape, view, op)
                    : place != null
                            ? value(shape, dtype, place.root(), place.offset(), op)
                            : traced ? value(shape, dtype, null, 0, op) : create(shape, dtype, op);
            out[o].traced = traced;
        }
        if (!traced) {
            op.forward(call);
            for (int o = 0; o < n; o++) {
                boolean inPlace = out[o] != null && out[o].base != null && op.inPlaceOf(o) >= 0;
                if (out[o] != null && (out[o].base == null || inPlace)) {
                    call.mustHaveWritten(o);
                }
                if (inPlace) {
                    in[op.inPlaceOf(o)].yieldTo(out[o]);
                }
            }
        }
        if (recomputation != null) {
            recomputation.ran(in, out);
        }
        if (record) {
            record(op, in, out);
        }
        return out;
    }

    /**
     * The input in whose memory a result can be computed, because the op writes a part of it alone and nobody will read
     * it as it was; null where there is none.
     */
    private @Nullable Value place(Op op, int o, @Nullable Value[] in, Shape shape, DType dtype) {
        int i = op.inPlaceOf(o);
        Value x = i < 0 || recording || retaining || tracing || recomputation != null ? null : in[i];
        if (x == null || !x.shape.equals(shape) || x.dtype != dtype || !x.yieldsTo(this)) {
            return null;
        }
        for (int k = 0; k < in.length; k++) {
            Value other = in[k];
            if (k != i && other != null && other.root() == x.root()) {
                return null;
            }
        }
        return x;
    }

    void record(Op op, @Nullable Value[] in, Value[] out) {
        int[] versions = null;
        for (int i = 0; i < in.length; i++) {
            Value v = in[i];
            if (v != null && (retaining || op.readsInput(i))) {
                v.root().pins++;
                Leaf leaf = v.root().leaf;
                if (leaf != null) {
                    if (versions == null) {
                        versions = new int[in.length];
                        Arrays.fill(versions, Node.UNREAD);
                    }
                    versions[i] = leaf.version();
                }
            }
        }
        Node node = new Node(op, in, out, frame(), versions, tape.size());
        for (int o = 0; o < out.length; o++) {
            if (out[o] != null) {
                if (retaining || op.readsOutput(o)) {
                    out[o].root().pins++;
                }
                out[o].made(node);
            }
        }
        tape.add(node);
    }

    boolean needsGradient(Value v) {
        return v.needsGradient() && (v.scope == this || v.scope == null);
    }

    private void lease(Value v) {
        Block b = v.root().block;
        if (b != null) {
            lease(b);
        }
    }

    /** Keeps a block mapped until this scope ends, whoever closes it meanwhile. */
    void lease(Block b) {
        arena.lease(b);
    }

    // ---- values

    /** Room for elements that {@code op}, or the caller where it is null, writes. */
    protected final Value create(Shape shape, DType dtype, @Nullable Op op) {
        checkThread();
        long address = arena.allocate(Math.multiplyExact(shape.size(), (long) dtype.bytes()));
        Value v = value(shape, dtype, null, address, op);
        frames.own(v);
        return v;
    }

    /** A part of a value, {@code offset} bytes from its beginning. */
    protected final Value view(Value of, Shape shape, long offset, @Nullable Op op) {
        Value v = value(shape, of.dtype, of.root(), of.offset() + offset, op);
        of.root().viewed = true;
        lease(of);
        return v;
    }

    /** These elements as a constant, through which no gradient flows. */
    protected final Value constant(Value v) {
        checkThread();
        v.checkAlive();
        return tracing ? v : view(v, v.shape, 0, null);
    }

    /** An input of a traced scope: a shape without elements. */
    protected final Value traced(Shape shape, DType dtype) {
        Value v = value(shape, dtype, null, 0, null);
        v.traced = true;
        return v;
    }

    /** What to use in place of {@code v}, so that backward keeps its gradient. */
    protected final Value watched(Value v) {
        checkThread();
        if (!recording) {
            throw new IllegalStateException(
                    "watch: this pass records nothing; open it with Pass.grad() or Pass.train(rng)");
        }
        if (v.dtype != DType.F32) {
            throw new IllegalArgumentException(
                    "watch: " + v.label() + " is " + v.dtype + "; only F32 tensors have gradients");
        }
        Value w = v.node != null && v.scope == this ? v : view(v, v.shape, 0, null);
        w.watch();
        return w;
    }

    /** The gradient of a watched value, or null if no backward has reached it. */
    protected final @Nullable Value gradientOf(Value watched) {
        checkThread();
        if (!watched.watched) {
            throw new IllegalArgumentException(
                    "gradient: " + watched.label() + " was not watched; call pass.watch(x) before using it");
        }
        if (watched.scope != this) {
            throw new IllegalArgumentException(
                    "gradient: " + watched.label() + " was watched by another pass; ask that one before it is closed");
        }
        long g = watched.sumOfGradients();
        return g == 0 ? null : value(watched.shape, DType.F32, null, g, null);
    }

    @Nullable
    Frame frame() {
        return frames.innermost();
    }

    int nextOrdinal() {
        return ordinals++;
    }

    // ---- backward

    /**
     * The gradients of {@code loss} with respect to the leaves and watched values that {@code targets} accepts, all of
     * them where it is null.
     */
    protected final void gradients(Value loss, @Nullable Predicate<Value> targets) {
        checkThread();
        if (loss.shape.size() != 1 || loss.dtype != DType.F32) {
            throw new IllegalArgumentException(
                    "backward: " + loss.label() + " is not a single number; reduce it with mean() or sum() first");
        }
        loss.address();
        if (loss.node == null || loss.scope != this) {
            throw new IllegalStateException("backward: nothing was recorded for " + loss.label()
                    + (recording
                            ? ": no trainable parameter and no watched tensor went into it; unfreeze one, or"
                                    + " pass.watch(x)"
                            : ": this pass does not record; open it with Pass.train(rng) or Pass.grad()"));
        }
        if (updates != null) {
            updates.forEach(u -> u.leaf.check()); // before anything is done: a closed model's buffer takes no update
        }
        Backward walk = new Backward(loss, targets, finished, completion);
        walk.checkNew();
        long seed = arena.allocate(4);
        commands().begin(Kernel.FILL).at(seed).put(1).put(1f).run();
        List<Block> changing = alone();
        try {
            if (!walk.run(seed)) {
                throw new IllegalStateException("backward: " + loss.label() + " does not depend on any of the targets; "
                        + "pass the model, part, parameter or watched tensor that it was computed from");
            }
            finished = walk;
            commit();
        } finally {
            for (int i = 0; i < changing.size(); i++) { // an iterator would be garbage of each step
                changing.get(i).changed();
            }
        }
    }

    /**
     * Sets a buffer to {@code next} when backward has succeeded, once even if a layer runs again; not outside training
     * mode.
     */
    void updateAfterBackward(Value buffer, Leaf leaf, Value next) {
        checkThread();
        if (!training() || replaying) {
            return;
        }
        next.address();
        next.root().pins++;
        if (updates == null) {
            updates = new ArrayList<>();
        }
        updates.add(new Update(buffer, leaf, next));
    }

    /**
     * Begins a change of the blocks with buffers to update, before anything is done. Replicas have buffers of their own
     * and may read the parameters.
     */
    private List<Block> alone() {
        if (updates == null) {
            return List.of();
        }
        List<Block> blocks = new ArrayList<>();
        try {
            for (Update u : updates) {
                lease(u.buffer);
                Block b = Objects.requireNonNull(u.buffer.root().block);
                if (!blocks.contains(b)) {
                    b.change("backward", leasesOf(b));
                    blocks.add(b);
                }
            }
        } catch (RuntimeException | Error e) {
            blocks.forEach(Block::changed);
            throw e;
        }
        return blocks;
    }

    private void commit() {
        if (updates != null) {
            List<Update> all = updates;
            updates = null;
            for (Update u : all) {
                commands()
                        .begin(Kernel.COPY)
                        .at(u.next.address())
                        .at(u.buffer.address())
                        .put(u.next.bytes())
                        .run();
                u.leaf.changed();
            }
        }
    }

    // ---- life

    /** Refuses a closed scope and the use by another thread. */
    protected final void checkThread() {
        if (Thread.currentThread() != thread) {
            throw new IllegalStateException("this Pass belongs to thread " + thread.getName() + " but thread "
                    + Thread.currentThread().getName()
                    + " used it; open a Pass of its own there, or keep() the tensor to share it");
        }
        checkOpen();
    }

    /** Refuses a closed scope. */
    protected final void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this Pass, opened at " + openedAt() + ", was closed; open another one");
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

    /**
     * Where it was opened, for messages. The close is not kept: a walk up the stack at both ends would cost as much as
     * a small op.
     */
    String openedAt() {
        return OffHeap.render(openedAt);
    }

    /** Frees every value of the scope. A second call does nothing. */
    protected final void end() {
        if (closed) {
            return;
        }
        checkThread();
        Scope innermost = innermost();
        if (innermost != this) {
            throw new IllegalStateException("close: a Pass opened later on thread " + thread.getName() + ", at "
                    + (innermost == null ? "an unknown place" : innermost.openedAt())
                    + ", is still open; close that one first");
        }
        if (frame() != null || workspace.running > 0) {
            throw new IllegalStateException(
                    "close: a net or an op is still running in this Pass; close it after the call has returned");
        }
        closed = true;
        CURRENT.set(open.outer); // also null: a thread that opens pass after pass keeps its entry
        workspace.created = frames.close();
        workspace.tape.clear();
        OffHeap.giveBack(arena);
    }
}
