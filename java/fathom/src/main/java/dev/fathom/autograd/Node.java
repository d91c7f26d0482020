package dev.fathom.autograd;

import dev.fathom.op.Op;
import org.jspecify.annotations.Nullable;

/** One recorded call of an op: what went in, what came out, and the versions of the parameters that backward reads. */
public final class Node {
    /** The version of what backward does not read. */
    static final int UNREAD = -1;

    final Op op;
    final @Nullable Value[] in;
    final @Nullable Value[] out;
    final @Nullable Frame frame;
    final int @Nullable [] versions;
    final int index;
    /** Whether the backward under way needs a gradient through this node. */
    boolean active;

    Node(
            Op op,
            @Nullable Value[] in,
            @Nullable Value[] out,
            @Nullable Frame frame,
            int @Nullable [] versions,
            int index) {
        this.op = op;
        this.in = in;
        this.out = out;
        this.frame = frame;
        this.versions = versions;
        this.index = index;
    }

    /** What was called. */
    public Op op() {
        return op;
    }

    /** The innermost net around the call, null outside any. */
    public @Nullable Object net() {
        return frame == null ? null : frame.net;
    }

    /** The names of the nets around the call, joined by dots; empty outside any. */
    public String path() {
        return frame == null ? "" : frame.path();
    }

    /** The operands; null where one was left out. */
    public @Nullable Value[] inputs() {
        return in.clone();
    }

    /** The results; null where one was not needed. */
    public @Nullable Value[] outputs() {
        return out.clone();
    }

    /**
     * Refuses input {@code i} for {@code method} if it is a parameter or buffer that has changed since the call.
     *
     * @throws IllegalStateException naming it
     */
    public void checkUnchanged(int i, String method) {
        Value v = in[i];
        Leaf leaf = v == null ? null : v.root().leaf;
        if (leaf != null && versions != null && versions[i] != UNREAD && versions[i] != leaf.version()) {
            throw new IllegalStateException(method + ": " + leaf.label() + " has changed since " + where()
                    + " was recorded; call " + method + " before step(), load() or copy, or run the forward again");
        }
    }

    /** {@code linear at 0}, for messages. */
    public String where() {
        String path = path();
        return path.isEmpty() ? op.label() : op.label() + " at " + path;
    }
}
