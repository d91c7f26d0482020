package dev.fathom.ops;

import dev.fathom.op.Op;

/** An op whose second result exists for backward alone, which reads it and not the first one. */
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
