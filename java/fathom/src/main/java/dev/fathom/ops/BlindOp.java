package dev.fathom.ops;

import dev.fathom.op.Op;

/** An op whose backward reads no values, as it is linear in x with coefficients of its own. */
public interface BlindOp extends Op {
    @Override
    default boolean readsInput(int i) {
        return false;
    }

    @Override
    default boolean readsOutput(int o) {
        return false;
    }
}
