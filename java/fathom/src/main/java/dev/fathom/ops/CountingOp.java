package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;

/** An op through which no gradient flows, and whose result is I32. */
public interface CountingOp extends Op {
    @Override
    default DType dtype(Call c, int output) {
        return DType.I32;
    }

    @Override
    default boolean differentiable() {
        return false;
    }
}
