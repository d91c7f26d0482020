package dev.fathom.autograd;

import dev.fathom.tree.Structure;
import org.jspecify.annotations.Nullable;

/**
 * One call of a net: who was called, from where, and what existed before. Its path is worked out only when a message
 * needs it.
 */
public final class Frame {
    /** Stands for the net where a body without recording gives memory back. */
    static final Object NO_GRAD = new Object();

    final Scope scope;
    final Object net;
    final @Nullable Frame parent;
    /** The number by which a list holds the net, -1 when it goes by name. */
    final int child;
    /** How many values the scope owned. */
    final int mark;
    /** How many calls the tape held. */
    final int first;

    final boolean evalMode;
    final int depth;
    /** Whether it called another net. */
    boolean calls;

    Frame(Scope scope, Object net, @Nullable Frame parent, int child, int mark, int first, boolean evalMode) {
        this.scope = scope;
        this.net = net;
        this.parent = parent;
        this.child = child;
        this.mark = mark;
        this.first = first;
        this.evalMode = evalMode;
        this.depth = parent == null ? 1 : parent.depth + 1;
    }

    /** Who gave memory back, for messages; nothing runs in it. */
    Frame(Scope scope, Object net, @Nullable Frame parent, int child) {
        this(scope, net, parent, child, 0, 0, false);
    }

    /** The net that was called. */
    public Object net() {
        return net;
    }

    /** The call from which it was called, or null. */
    public @Nullable Frame parent() {
        return parent;
    }

    /** Ends the call with its result, null after a failure. */
    public void leave(@Nullable Object result) {
        scope.frames.leave(this, result);
    }

    /** What to throw when the stack ran out in it. */
    public RuntimeException tooDeep(StackOverflowError e) {
        return scope.frames.tooDeep(this, e);
    }

    /** The names from the outermost net to this one, joined by dots; empty for the outermost. */
    String path() {
        StringBuilder path = new StringBuilder();
        for (Frame f = this; f.parent != null; f = f.parent) {
            if (f.net == f.parent.net) { // a method of its own that calls another
                continue;
            }
            String own = f.child >= 0 ? Integer.toString(f.child) : Structure.nameOf(f.parent.net, f.net);
            if (!own.isEmpty()) {
                path.insert(0, path.length() == 0 ? own : own + ".");
            }
        }
        return path.toString();
    }

    /** Whose return it was that gave memory back, for messages. */
    String returned() {
        if (net == NO_GRAD) {
            return "noGrad";
        }
        String path = path();
        return path.isEmpty() ? "its net" : "layer " + path;
    }
}
