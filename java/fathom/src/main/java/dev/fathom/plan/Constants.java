package dev.fathom.plan;

import dev.fathom.memory.Block;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Tensor;
import java.util.BitSet;

/** What the function of a plan makes of no input: the same at every batch size, or a row that it repeats for each example. */
final class Constants {
    private Constants() {}

    /**
     * The numbers of the constants that grow with the batch, row by row the same, such as the zeros that a recurrence begins with: they become
     * calls that repeat the row. All others must be the same in both traces.
     *
     * @throws IllegalStateException naming one that is not
     */
    static BitSet growing(Graph first, int batch, Graph other, int otherBatch) {
        BitSet growing = new BitSet();
        for (int i = 0; i < first.values.size(); i++) {
            Graph.Value a = first.values.get(i);
            Graph.Value b = other.values.get(i);
            if (a.kind() == Graph.Kind.WEIGHT) {
                if (!same(a, b)) {
                    throw new IllegalStateException("freeze: constant " + a.name() + " " + a.shape() + " at batch "
                            + batch + " has other values, " + b.shape() + ", at batch " + otherBatch
                            + "; compute it from the inputs by ops, or make it an input");
                }
                growing.set(i, !a.shape().equals(b.shape()));
            }
        }
        return growing;
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
