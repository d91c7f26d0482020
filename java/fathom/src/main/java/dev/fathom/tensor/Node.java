package dev.fathom.tensor;

import dev.fathom.op.Op;
import org.jspecify.annotations.Nullable;

/** One recorded call of an op: what went in, what came out, and the versions of the parameters that backward reads. */
final class Node {
    final Op op;
    final @Nullable Tensor[] in;
    final @Nullable Tensor[] out;
    final @Nullable Frame frame;
    final int @Nullable [] versions;
    final int index;
    /** Whether the backward under way needs a gradient through this node. */
    boolean active;

    Node(
            Op op,
            @Nullable Tensor[] in,
            @Nullable Tensor[] out,
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

    String path() {
        return frame == null ? "" : frame.path();
    }

    /** {@code linear at 0}, for messages. */
    String where() {
        String path = path();
        return path.isEmpty() ? op.label() : op.label() + " at " + path;
    }
}
