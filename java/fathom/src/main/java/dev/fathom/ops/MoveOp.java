package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.DType;
import org.jspecify.annotations.Nullable;

/** An op that moves elements of any type and computes nothing with them. The result has the type of input 0. */
public interface MoveOp extends BlindOp {
    @Override
    default @Nullable DType takes(int i) {
        return null;
    }

    @Override
    default DType dtype(Call c, int output) {
        return c.dtype(0);
    }

    /** Refuses an input 0 with whose type no op computes. */
    static void words(Call c) {
        if (!c.dtype(0).computes()) {
            throw c.fail(c.inName(0) + " " + c.shape(0) + " is " + c.dtype(0)
                    + " but must be F32 or I32; convert it with to(DType.F32)");
        }
    }
}
