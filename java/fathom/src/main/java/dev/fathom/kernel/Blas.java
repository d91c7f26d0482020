package dev.fathom.kernel;

import java.util.Locale;

/** Who multiplies matrices: one choice per process, {@code -Dfathom.blas=}. */
public enum Blas {
    /** Our kernels: the same bits for any number of threads. */
    NATIVE,
    /**
     * {@code cblas_sgemm} of the OpenBLAS preset (or of what stands in for it), with its own threads and its own order
     * of sums.
     */
    OPENBLAS;

    /** The name in {@code -Dfathom.blas=}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
