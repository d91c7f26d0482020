package dev.fathom.kernel;

import java.util.Locale;

/** An instruction set the kernels are compiled for, in the order of the library's own numbers. */
public enum Isa {
    /**
     * What every x86-64 processor has, and all that there is on platforms other than x86-64 and aarch64. It has no
     * fused multiply-add, so its bits differ from those of the others, which agree among themselves.
     */
    BASELINE,
    /** x86-64-v3: AVX2 and FMA. */
    V3,
    /** x86-64-v4: AVX-512 F, BW, CD, DQ, VL. */
    V4,
    /** aarch64, which has no other: Advanced SIMD and its fused multiply-add. */
    NEON;

    /** The name in {@code -Dfathom.isa=}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
