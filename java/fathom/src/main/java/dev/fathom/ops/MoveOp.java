package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.DType;
import org.jspecify.annotations.Nullable;

/** An op that moves elements and does not look at them: the type of its result is that of its first input. */
public interface MoveOp extends BlindOp {
    @Override
    default @Nullable DType takes(int i) {
        return null;
    }

    @Override
    default DType dtype(Call c, int output) {
        return c.dtype(0);
    }

    /** Refuses bytes as input 0, for kernels that only know elements of four bytes. */
    static void words(Call c) {
        if (c.dtype(0) == DType.U8) {
            throw c.fail(c.inName(0) + " " + c.shape(0) + " is U8 but must be F32 or I32; convert it first");
        }
    }
}
