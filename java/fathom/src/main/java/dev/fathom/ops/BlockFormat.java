package dev.fathom.ops;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Shape;

/**
 * Types of llama.cpp in which 32 neighbors of a row have a scale of their own, laid out as {@code blocks.h} describes.
 */
public enum BlockFormat {
    /** d q, with q from -127 to 127. */
    Q8_0(Kernel.BLOCK_Q8),
    /** d s q - e m, with q from 0 to 15, s and m from 0 to 63, and d and e for eight blocks. */
    Q4_K(Kernel.BLOCK_Q4);

    /** How kernels name it. */
    final int kind;

    BlockFormat(int kind) {
        this.kind = kind;
    }

    /** Returns the bytes of W [n, k]; {@code Long.MAX_VALUE} where they are too many to count. */
    public long bytes(long n, long k) {
        return bytes(kind, n, k);
    }

    private static long bytes(int kind, long n, long k) { // static, as nothing here has a finalizer
        return Native.blocksBytes(kind, n, k);
    }

    /** Refuses an input {@code i} that does not have the bytes of W [n, k]. */
    void check(Call c, int i, long n, long k) {
        long bytes = bytes(n, k);
        if (n < 1 || k < 1 || !c.shape(i).equals(Shape.of((int) Math.min(bytes, Integer.MAX_VALUE)))) {
            throw c.fail(c.inName(i) + " " + c.shape(i) + " must be the " + bytes + " bytes of a matrix of " + n
                    + " by " + k + " in " + this);
        }
    }
}
