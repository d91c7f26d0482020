package dev.fathom.jni;

/**
 * A library that multiplies matrices in the place of Fathom's kernels. A module of Fathom provides it as a service, and
 * {@code -Dfathom.blas=} chooses it by its name.
 */
public interface MatrixBackend {
    /** The name in {@code -Dfathom.blas=}. */
    String name();

    /**
     * Loads the library and returns the address of its {@code cblas_sgemm}.
     *
     * @throws RuntimeException with a sentence if the library is not there for this platform
     */
    long sgemm();

    /** Sets the number of threads of the library, which has a pool of its own. */
    void threads(int n);
}
