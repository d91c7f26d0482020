package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import org.jspecify.annotations.Nullable;

/** An op that moves the elements of input 0, or adds them up, as the I32 numbers of input 1 say. */
interface IndexedOp extends MoveOp {
    /** What no index is, for kernels that skip one; {@code internal.h} has it too. */
    long NO_PADDING = 1L << 32;

    @Override
    default @Nullable DType takes(int i) {
        return i == 1 ? DType.I32 : null;
    }

    @Override
    default boolean readsInput(int i) {
        return i == 1;
    }

    /**
     * y [outer, rows, cols] = x [outer, n, cols] at the index [rows], which may count from the end if that is allowed.
     */
    static void gather(Call c, long x, long index, boolean negative, long y, long outer, long n, long rows, long cols) {
        c.begin(Kernel.GATHER).put(Kernel.GATHER_ELEMENTS, c.dtype(0).bytes());
        c.at(x).put(n).at(index).put(negative ? 1 : 0);
        c.at(y).put(outer, rows, cols).at(0).put(1).run();
    }

    /** y [outer, n, cols] += x [outer, rows, cols] at the index [rows], which may count from the end. */
    static void scatterAdd(Call c, long x, long index, long y, long outer, long n, long rows, long cols) {
        c.begin(Kernel.SCATTER_ADD).put(c.dtype(0) == DType.I32 ? 1 : 0);
        c.at(x, index).put(1).at(0, 0, y);
        c.put(outer, rows, 1, cols, n, NO_PADDING).run();
    }

    /**
     * dW += the rows of dy [rows, dim] at the tokens [rows, most] of input 1, of as many as the input {@code lengths}
     * says and times those of the input {@code weights}, each of which may be -1 for none.
     */
    static void addRows(Grad g, long dy, int lengths, int weights, long rows, long most, long padding) {
        long tokens = g.in(1);
        long dw = g.dinRows(0, 1, lengths, padding);
        g.clear(0, dw);
        g.begin(Kernel.SCATTER_ADD).put(0).at(dy, tokens).put(0);
        g.at(lengths < 0 ? 0 : g.in(lengths), weights < 0 ? 0 : g.in(weights), dw);
        g.put(1, rows, most, g.shape(0).dim(1), g.shape(0).dim(0), padding).run();
    }

    /** The sentence of an index that is in neither range of a dimension. */
    static String outside(KernelException e) {
        return "index " + e.found() + " at row " + e.row() + " is outside [" + -e.bound() + ", " + e.bound()
                + "): give a number that exists; -1 is the last";
    }
}
