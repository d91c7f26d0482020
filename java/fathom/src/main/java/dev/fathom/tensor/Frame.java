package dev.fathom.tensor;

import org.jspecify.annotations.Nullable;

/** One call of a net: who was called, from where, and what existed before. Its path is worked out only when a message needs it. */
final class Frame {
    /** Stands for the net where {@link Pass#noGrad} gives memory back. */
    static final Object NO_GRAD = new Object();

    final Pass pass;
    final Object net;
    final @Nullable Frame parent;
    /** The number by which a list holds the net, -1 when it goes by name. */
    final int child;
    /** How many tensors the pass owned. */
    final int mark;
    /** How many calls the tape held. */
    final int first;

    final boolean evalMode;
    final int depth;
    /** Whether it called another net. */
    boolean calls;

    Frame(Pass pass, Object net, @Nullable Frame parent, int child, int mark, int first, boolean evalMode) {
        this.pass = pass;
        this.net = net;
        this.parent = parent;
        this.child = child;
        this.mark = mark;
        this.first = first;
        this.evalMode = evalMode;
        this.depth = parent == null ? 1 : parent.depth + 1;
    }

    /** Who gave memory back, for messages; nothing runs in it. */
    Frame(Pass pass, Object net, @Nullable Frame parent, int child) {
        this(pass, net, parent, child, 0, 0, false);
    }

    /** The names from the outermost net to this one, joined by dots; empty for the outermost. */
    String path() {
        StringBuilder path = new StringBuilder();
        for (Frame f = this; f.parent != null; f = f.parent) {
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
