package dev.fathom.kernel;

import java.util.Locale;

/** An instruction set the kernels are compiled for, in the order of the library's own numbers. */
public enum Isa {
    /**
     * What every processor of the platform has. On x86-64 that is no fused multiply-add, so no claim of equal bits with
     * the others; on aarch64 it is the only set, has one, and gives the bits of v3 and v4.
     */
    BASELINE,
    /** x86-64-v3: AVX2 and FMA. */
    V3,
    /** x86-64-v4: AVX-512 F, BW, CD, DQ, VL. */
    V4;

    /** The name in {@code -Dfathom.isa=}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
