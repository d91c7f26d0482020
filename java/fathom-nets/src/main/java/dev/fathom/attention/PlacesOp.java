package dev.fathom.attention;

import dev.fathom.kernel.KernelException;
import dev.fathom.ops.RowsOp;

/**
 * The rows of a table [positions, width] at the places [batch, tokens] that follow each row's past. A place that the
 * table lacks is reported in the words of whoever gave the past.
 *
 * @param label the layer, as errors call it
 */
record PlacesOp(String label, int tokens) implements RowsOp {
    @Override
    public String refusal(KernelException e) {
        return "row " + e.row() / tokens + " has past " + (e.found() - e.row() % tokens) + " and " + tokens
                + " more tokens, but there are only " + e.bound()
                + " positions; make more of them, or start a new sequence with past 0";
    }
}
