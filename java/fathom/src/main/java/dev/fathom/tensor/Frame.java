package dev.fathom.tensor;

import org.jspecify.annotations.Nullable;

/** One call of a module: who was called, from where, and what existed before. Its path is worked out only when a message needs it. */
final class Frame {
    final Pass pass;
    final Object module;
    final @Nullable Frame parent;
    /** The number by which a list holds the module, -1 when it goes by name. */
    final int child;

    final int mark;
    final boolean evalMode;
    final int depth;

    Frame(Pass pass, Object module, @Nullable Frame parent, int child, int mark, boolean evalMode) {
        this.pass = pass;
        this.module = module;
        this.parent = parent;
        this.child = child;
        this.mark = mark;
        this.evalMode = evalMode;
        this.depth = parent == null ? 1 : parent.depth + 1;
    }

    /** The names from the outermost module to this one, joined by dots; empty for the outermost. */
    String path() {
        StringBuilder path = new StringBuilder();
        for (Frame f = this; f.parent != null; f = f.parent) {
            String own = f.child >= 0 ? Integer.toString(f.child) : Structure.nameOf(f.parent.module, f.module);
            if (!own.isEmpty()) {
                path.insert(0, path.length() == 0 ? own : own + ".");
            }
        }
        return path.toString();
    }
}
