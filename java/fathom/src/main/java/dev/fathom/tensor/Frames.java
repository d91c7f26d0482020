package dev.fathom.tensor;

import dev.fathom.memory.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The nets that run in a pass, innermost first, and the tensors that the pass owns: what a net made and nobody needs goes back when it returns. */
final class Frames {
    private final Pass pass;
    private final Arena arena;
    private @Nullable Consumer<Access.Called> observer;
    private Tensor[] made;
    private int count;
    private @Nullable Frame frame;
    /** The frame in which this walk of nets began: none, or that of a recomputed layer. */
    private @Nullable Frame root;

    private int nextChild = -1;
    private int deepest;

    /** {@code made} is an array to use; {@link #close} gives it back, perhaps as a longer one. */
    Frames(Pass pass, Arena arena, Tensor[] made) {
        this.pass = pass;
        this.arena = arena;
        this.made = made;
    }

    /** The innermost running net, or null. */
    @Nullable
    Frame current() {
        return frame;
    }

    /** Tells {@code action}, beside those before it, of each call as it returns; null ends that for all. */
    void observe(@Nullable Consumer<Access.Called> action) {
        observer = action == null || observer == null ? action : observer.andThen(action);
    }

    /** Takes over a tensor that has memory of its own. */
    void own(Tensor t) {
        if (count == made.length) {
            made = Arrays.copyOf(made, 2 * count);
        }
        made[count++] = t;
    }

    /** How many tensors there are: what comes later was made after this moment. */
    int mark() {
        return count;
    }

    Frame enter(Object net) {
        boolean eval = frame != null && frame.evalMode || EvalModes.fixes(net, frame);
        Frame f = new Frame(pass, net, frame, nextChild, count, pass.recorded(), eval);
        nextChild = -1;
        if (frame != null) {
            frame.calls = true;
        }
        frame = f;
        deepest = Math.max(deepest, f.depth);
        return f;
    }

    /** Ends a frame; {@code result} is null when its body failed, and then nothing is given back before the pass ends. */
    void leave(Frame f, @Nullable Object result) {
        frame = f.parent;
        if (observer != null) {
            observer.accept(new Access.Called(f.net, f.path(), !f.calls, f.first, pass.recorded(), result));
        }
        if (result != null && !pass.tracing()) {
            releaseAllBut(result, f.mark, f, -1);
        }
    }

    /** Tells which child of the running net is called next, for paths. */
    void nextChild(int i) {
        nextChild = i;
    }

    /** Within a frame, when child number {@code i} has returned {@code keep}: gives back all else that was made in the frame so far. */
    void releaseAllBut(Tensor keep, int i) {
        if (frame != null && !pass.tracing()) {
            releaseAllBut(keep, frame.mark, frame, i);
        }
    }

    /** The same for what was made since {@code mark} outside a frame of its own; {@code by} says who returned. */
    void releaseAllBut(Tensor keep, int mark, Object by) {
        if (!pass.tracing()) {
            releaseAllBut(keep, mark, new Frame(pass, by, frame, -1), -1);
        }
    }

    /** Gives back what was made since {@code mark} and is not needed, on the return of frame f, or of its child if that is not -1. */
    private void releaseAllBut(Object keep, int mark, Frame f, int child) {
        mark(keep, true);
        Frame by = null;
        int to = mark;
        for (int i = mark; i < count; i++) {
            Tensor t = made[i];
            if (t.kept || t.pins > 0) {
                made[to++] = t;
            } else {
                if (by == null) {
                    by = child < 0 ? f : new Frame(pass, f.net, f, child);
                }
                arena.free(t.release(by), t.bytes());
            }
        }
        Arrays.fill(made, to, count, null);
        count = to;
        mark(keep, false);
    }

    private static void mark(Object result, boolean kept) {
        if (result instanceof Tensor t) {
            t.root().kept = kept;
        } else {
            Results.forEach(result, t -> t.root().kept = kept);
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
                        + " was reached; put the layers into one Sequential, which does not nest, or give the thread a larger stack (-Xss)",
                e);
    }

    // ---- running a net again

    /** Where nets run, to come back to. */
    record Place(@Nullable Frame frame, @Nullable Frame root, int mark) {}

    /** Goes back into the call of a net that has returned. */
    Place resume(@Nullable Frame f) {
        Place here = new Place(frame, root, count);
        frame = f == null ? null : new Frame(pass, f.net, f.parent, f.child, count, pass.recorded(), f.evalMode);
        root = frame;
        return here;
    }

    /** Gives back all that was made since, read by a tape that is gone, and returns to where nets ran before. */
    void comeBack(Place here, Object by) {
        for (int i = here.mark; i < count; i++) {
            made[i].pins = 0;
        }
        releaseAllBut(List.of(), here.mark, new Frame(pass, by, null, -1), -1);
        frame = here.frame;
        root = here.root;
    }

    /** Forgets all tensors and returns the array that held them. */
    Tensor[] close() {
        Arrays.fill(made, 0, count, null);
        return made;
    }
}
