package dev.fathom.kernel;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/** The OpenBLAS preset, by address. A class of its own, so that the default path loads neither it nor JavaCPP. */
final class OpenBlas {
    private OpenBlas() {}

    /** The address of {@code cblas_sgemm}. */
    static long sgemm() {
        try {
            Loader.load(openblas_nolapack.class);
            Pointer address = Loader.addressof("cblas_sgemm");
            if (address != null && !address.isNull()) {
                return address.address();
            }
            throw new NativeException(
                    "fathom.blas=openblas cannot be used: the library loaded has no cblas_sgemm", null);
        } catch (LinkageError e) {
            throw missing("fathom.blas=openblas", e);
        }
    }

    /** What to do where the preset is not there. */
    static NativeException missing(String what, LinkageError cause) {
        return new NativeException(
                what + " cannot be used: put org.bytedeco:openblas and org.bytedeco:javacpp with the classifier "
                        + NativeLoader.platform() + " on the class path",
                cause);
    }

    /** OpenBLAS keeps threads of its own. */
    static void threads(int n) {
        openblas_nolapack.blas_set_num_threads(n);
    }
}
