package dev.fathom.tensor;

import dev.fathom.autograd.Node;
import dev.fathom.autograd.Recording;
import dev.fathom.autograd.Value;
import dev.fathom.op.Op;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The recorded calls of a pass, in order. Backward walks them, a plan is made from them, and {@link #toDot} draws them.
 */
public final class Tape extends Recording {
    Tape() {}

    /** Returns the number of recorded calls. */
    @Override
    public int size() {
        return super.size();
    }

    /**
     * A recorded call, for tools.
     *
     * @param op the op that was called
     * @param path the names of the nets around the call, joined by dots; empty outside any net
     * @param net the innermost net, null outside any
     * @param inputs its operands; null where one was left out
     * @param outputs its results; null where one was not needed
     */
    public record Entry(
            Op op, String path, @Nullable Object net, List<@Nullable Tensor> inputs, List<@Nullable Tensor> outputs) {}

    /** Returns the recorded calls, in order. */
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>(size());
        for (int i = 0; i < size(); i++) {
            Node n = node(i);
            entries.add(new Entry(n.op(), n.path(), n.net(), tensors(n.inputs()), tensors(n.outputs())));
        }
        return entries;
    }

    private static List<@Nullable Tensor> tensors(@Nullable Value[] values) {
        return Arrays.asList((@Nullable Tensor[]) values);
    }

    /**
     * Returns the graph in Graphviz's language: boxes are calls, and ellipses are tensors that no recorded call made.
     * Render it with {@code dot -Tsvg}.
     */
    @Override
    public String toDot() {
        return super.toDot();
    }
}
