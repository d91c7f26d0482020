package dev.fathom.attention;

import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.op.Where;
import dev.fathom.ops.TakeOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What positions of all kinds share. */
final class Positions {
    private static final TakeOp POSITIONS = new TakeOp(0, "positions");

    private Positions() {}

    /** x [batch, tokens, width] plus the rows of a table [positions, width] from past[b] on, or from 0. */
    static Tensor add(String who, Tensor x, Tensor table, @Nullable Tensor past) {
        if (x.shape().rank() != 3 || x.dim(2) != table.dim(1)) {
            throw new IllegalArgumentException(who + Where.running() + ": x " + x.shape() + " must be [batch, tokens, "
                    + table.dim(1) + "], as the table " + table.shape());
        }
        int tokens = x.dim(1);
        if (tokens > table.dim(0)) {
            throw new IllegalArgumentException(who + Where.running() + ": x " + x.shape() + " has " + tokens
                    + " tokens but there are only " + table.dim(0) + " positions; make more of them, or cut x");
        }
        if (past == null) {
            return x.add(table.slice(0, 0, tokens));
        }
        mustHaveRoom(who, past, tokens, table.dim(0));
        if (tokens != 1) {
            int[] places = new int[tokens];
            for (int i = 0; i < tokens; i++) {
                places[i] = i;
            }
            Tensor index = past.reshape(x.dim(0), 1).add(Tensor.ofInts(places, tokens));
            return x.add(Pass.apply(POSITIONS, table, index));
        }
        return x.add(Pass.apply(POSITIONS, table, past.reshape(x.dim(0), 1)));
    }

    /** A plan finds a position beyond the table when it runs; the op's name then says what its index is. */
    private static void mustHaveRoom(String who, Tensor past, int tokens, int positions) {
        if (past.dtype() != DType.I32 || Values.traced(past)) {
            return;
        }
        int[] before = past.toIntArray();
        for (int i = 0; i < before.length; i++) {
            if (before[i] < 0 || before[i] > positions - tokens) {
                throw new IllegalArgumentException(who + Where.running() + ": row " + i + " has past " + before[i]
                        + " and " + tokens + " more tokens, but there are only " + positions
                        + " positions; make more of them, or start a new sequence with past 0");
            }
        }
    }
}
