package dev.fathom.plan;

import dev.fathom.memory.Block;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Tensor;
import java.util.List;

/** What the function of a plan makes of no input: the same at every batch size, or a row that it repeats for each example. */
final class Constants {
    private Constants() {}

    /**
     * Constants that grow with the batch, row by row the same, such as the zeros that a recurrence begins with, become calls that repeat the row. All
     * others must be the same at every batch size.
     *
     * @throws IllegalStateException naming one that is not
     */
    static void match(List<Graph> graphs, int[] batches) {
        List<Graph.Value> first = graphs.get(0).values;
        for (int i = 0, n = first.size(); i < n; i++) {
            Graph.Value a = first.get(i);
            if (a.kind() != Graph.Kind.WEIGHT) {
                continue;
            }
            boolean grows = false;
            for (int g = 1; g < graphs.size(); g++) {
                Graph.Value b = graphs.get(g).values.get(i);
                if (!same(a, b)) {
                    throw new IllegalStateException("freeze: constant " + a.name() + " " + a.shape() + " at batch "
                            + batches[0] + " has other values, " + b.shape() + ", at batch " + batches[g]
                            + "; compute it from the inputs by ops, or make it an input");
                }
                grows |= !a.shape().equals(b.shape());
            }
            if (grows) {
                for (Graph g : graphs) {
                    g.repeatRow(i);
                }
            }
        }
    }

    private static boolean same(Graph.Value a, Graph.Value b) {
        Tensor x = a.weight();
        Tensor y = b.weight();
        if (Access.held(x) != null || Access.held(y) != null) {
            return Access.held(x) == Access.held(y);
        }
        if (a.dtype() != b.dtype()) {
            return false;
        }
        long bytes = a.bytes();
        if (a.shape().equals(b.shape())) {
            return equal(x, y, 0, bytes);
        }
        if (a.dtype() == DType.U8
                || a.shape().rank() == 0
                || a.shape().size() == 0
                || !a.shape().equals(b.shape().with(0, a.shape().dim(0)))) {
            return false;
        }
        long row = bytes / a.shape().dim(0);
        return repeats(x, x, row) && repeats(x, y, row);
    }

    /** Whether every row of y is the first of x. */
    private static boolean repeats(Tensor x, Tensor y, long row) {
        for (int i = 0; i < y.dim(0); i++) {
            if (!equal(x, y, i * row, row)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Tensor x, Tensor y, long from, long bytes) {
        for (long at = 0; at < bytes; at += 1 << 30) {
            int n = (int) Math.min(1 << 30, bytes - at);
            if (!Block.at(Access.address(x) + at, n).equals(Block.at(Access.address(y) + from + at, n))) {
                return false;
            }
        }
        return true;
    }
}
