package dev.fathom.ops;

import dev.fathom.op.Op;

/** An op whose result 1 exists for backward alone. Backward reads it and, unless an op says so, no other result. */
interface SavingOp extends Op {
    @Override
    default int outputs() {
        return 2;
    }

    @Override
    default boolean onlyForBackward(int output) {
        return output == 1;
    }

    @Override
    default boolean readsOutput(int o) {
        return o == 1;
    }
}
