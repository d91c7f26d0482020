package dev.fathom.autograd;

import dev.fathom.offheap.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The nets that run in a scope, innermost first, and the values that the scope owns: what a net made and nobody needs
 * goes back when it returns.
 */
public final class Frames {
    private final Scope scope;
    private final Arena arena;
    private @Nullable Consumer<Called> observer;
    private Value[] made;
    private int count;
    private @Nullable Frame frame;
    /** The frame in which this walk of nets began: none, or that of a recomputed layer. */
    private @Nullable Frame root;

    private int nextChild = -1;
    private int deepest;

    /** {@code made} is an array to use; {@link #close} gives it back, perhaps as a longer one. */
    Frames(Scope scope, Arena arena, Value[] made) {
        this.scope = scope;
        this.arena = arena;
        this.made = made;
    }

    /**
     * The nets of the thread's innermost pass.
     *
     * @throws IllegalStateException if there is none
     */
    public static Frames current() {
        return Scope.current().frames;
    }

    /** The nets of a pass. */
    public static Frames of(Scope pass) {
        return pass.frames;
    }

    /** The innermost running net, or null. */
    @Nullable
    Frame innermost() {
        return frame;
    }

    /**
     * One call of a net that has returned.
     *
     * @param net who was called
     * @param path its names from the outermost net on
     * @param leaf whether it called no other net
     * @param from the number of its first call on the tape
     * @param to one past the last
     * @param result what it returned, null after a failure
     */
    public record Called(
            Object net,
            String path,
            boolean leaf,
            int from,
            int to,
            @Nullable Object result) {}

    /**
     * Tells {@code action}, beside those before it, of each call as it returns, before what it made and did not return
     * is given back; null ends that for all.
     */
    public void observe(@Nullable Consumer<Called> action) {
        observer = action == null || observer == null ? action : observer.andThen(action);
    }

    /** How many calls are recorded so far. */
    public int calls() {
        scope.checkThread();
        return scope.recorded().size();
    }

    /** Recorded call number {@code i}. */
    public Node call(int i) {
        return scope.tape.node(i);
    }

    /** Runs {@code body} and keeps alive what its recorded calls read and make. */
    public <V extends Value> V retaining(Supplier<V> body) {
        boolean was = scope.retaining;
        scope.retaining = true;
        try {
            return Objects.requireNonNull(body.get(), "linearization: the body returned null; return a tensor");
        } finally {
            scope.retaining = was;
        }
    }

    /** Takes over a value that has memory of its own. */
    void own(Value v) {
        if (count == made.length) {
            made = Arrays.copyOf(made, 2 * count);
        }
        made[count++] = v;
    }

    /** How many values there are: what comes later was made after this moment. */
    int mark() {
        return count;
    }

    /** Enters the frame of a net, whose caller leaves it by {@link Frame#leave}. */
    public Frame enter(Object net) {
        scope.checkThread();
        boolean eval = frame != null && frame.evalMode || EvalModes.fixed(net, frame);
        Frame f = new Frame(scope, net, frame, nextChild, count, scope.tape.size(), eval);
        nextChild = -1;
        if (frame != null) {
            frame.calls = true;
        }
        frame = f;
        deepest = Math.max(deepest, f.depth);
        return f;
    }

    /**
     * Returns what {@code question} answers in the frame that {@code net} would have if it were called now, of which no
     * observer is told. Without a pass there is no frame.
     */
    public static <T> T asking(Object net, Supplier<T> question) {
        Scope scope = Scope.innermost();
        return scope == null ? question.get() : scope.frames.ask(net, question);
    }

    private <T> T ask(Object net, Supplier<T> question) {
        Frame asking = frame;
        int child = nextChild;
        boolean eval = asking != null && asking.evalMode || EvalModes.fixed(net, asking);
        frame = new Frame(scope, net, asking, child, count, scope.tape.size(), eval);
        nextChild = -1;
        try {
            return question.get();
        } finally {
            frame = asking;
            nextChild = child;
        }
    }

    /**
     * Ends a frame; {@code result} is null when its body failed, and then nothing is given back before the pass ends.
     */
    void leave(Frame f, @Nullable Object result) {
        frame = f.parent;
        if (observer != null) {
            observer.accept(new Called(f.net, f.path(), !f.calls, f.first, scope.tape.size(), result));
        }
        if (result != null && !scope.tracing()) {
            releaseAllBut(result, f.mark, f, -1);
        }
    }

    /** Tells that the running net now calls its child number {@code i}. */
    public void nextChild(int i) {
        nextChild = i;
    }

    /** Gives back what the running net made so far, but {@code keep}, which its child number {@code i} returned. */
    public void releaseAllBut(Value keep, int i) {
        if (frame != null && !scope.tracing()) {
            releaseAllBut(keep, frame.mark, frame, i);
        }
    }

    /**
     * Gives back all that was made since {@code mark} outside a frame of its own, except {@code keep}; {@code by} says
     * who returned.
     */
    void releaseAllBut(Value keep, int mark, Object by) {
        if (!scope.tracing()) {
            releaseAllBut(keep, mark, new Frame(scope, by, frame, -1), -1);
        }
    }

    /**
     * Gives back what was made since {@code mark} and is not needed, on the return of frame f, or of its child if that
     * is not -1.
     */
    private void releaseAllBut(Object keep, int mark, Frame f, int child) {
        mark(keep, true);
        Frame by = null;
        int to = mark;
        for (int i = mark; i < count; i++) {
            Value t = made[i];
            if (t.kept || t.pins > 0) {
                made[to++] = t;
            } else {
                if (by == null) {
                    by = child < 0 ? f : new Frame(scope, f.net, f, child);
                }
                arena.free(t.release(by), t.bytes());
            }
        }
        Arrays.fill(made, to, count, null);
        count = to;
        mark(keep, false);
    }

    private static void mark(Object result, boolean kept) {
        if (result instanceof Value v) {
            v.root().kept = kept;
        } else {
            ReturnedTensors.forEach(result, Value.class, v -> v.root().kept = kept);
        }
    }

    /** What to throw when the stack ran out in frame f. */
    RuntimeException tooDeep(Frame f, StackOverflowError e) {
        if (f.parent != root) {
            throw e;
        }
        return new IllegalStateException(
                "apply: nets are nested too deep for the stack of thread "
                        + Thread.currentThread().getName() + ": depth " + deepest
                        + " was reached; put the layers into one Sequential, which does not nest, or give the "
                        + "thread a larger stack (-Xss)",
                e);
    }

    // ---- running a net again

    /** Where nets run, to come back to. */
    record Place(@Nullable Frame frame, @Nullable Frame root, int mark) {}

    /** Goes back into the call of a net that has returned. */
    Place resume(@Nullable Frame f) {
        Place here = new Place(frame, root, count);
        frame = f == null ? null : new Frame(scope, f.net, f.parent, f.child, count, scope.tape.size(), f.evalMode);
        root = frame;
        return here;
    }

    /** Gives back all that was made since, read by a tape that is gone, and returns to where nets ran before. */
    void comeBack(Place here, Object by) {
        for (int i = here.mark; i < count; i++) {
            made[i].pins = 0;
        }
        releaseAllBut(List.of(), here.mark, new Frame(scope, by, null, -1), -1);
        frame = here.frame;
        root = here.root;
    }

    /** Forgets all values and returns the array that held them. */
    Value[] close() {
        Arrays.fill(made, 0, count, null);
        return made;
    }
}
