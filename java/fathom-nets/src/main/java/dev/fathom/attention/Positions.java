package dev.fathom.attention;

import dev.fathom.op.Where;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What positions of all kinds share. */
final class Positions {
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
        if (past.shape().size() != x.dim(0)) {
            throw new IllegalArgumentException(who + Where.running() + ": x " + x.shape() + " has " + x.dim(0)
                    + " sequences but the state is that of " + past.shape().size()
                    + "; make a state for as many sequences");
        }
        return x.add(Pass.apply(new PlacesOp(who, tokens), table, places(past, tokens)));
    }

    /** The places [batch, tokens] of tokens behind past [batch]; the same calls for any number of tokens. */
    private static Tensor places(Tensor past, int tokens) {
        return past.reshape(-1, 1).add(Tensor.arange(tokens));
    }

    /** The place behind these tokens: that of the last and one, since a plan cannot keep a number that grows. */
    static Tensor after(Tensor past, int tokens) {
        return places(past, tokens).slice(1, tokens - 1, tokens).reshape(-1).add(1);
    }
}
