package dev.fathom.openblas;

import dev.fathom.jni.MatrixBackend;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/** The backend {@code -Dfathom.blas=openblas}: the OpenBLAS of JavaCPP's presets, or what stands in for it. */
public final class OpenBlas implements MatrixBackend {
    /** Made by the loader of services. */
    public OpenBlas() {}

    @Override
    public String name() {
        return "openblas";
    }

    @Override
    public long sgemm() {
        Loader.load(openblas_nolapack.class);
        Pointer address = Loader.addressof("cblas_sgemm");
        if (address == null || address.isNull()) {
            throw new UnsatisfiedLinkError("the library loaded has no cblas_sgemm");
        }
        return address.address();
    }

    @Override
    public void threads(int n) {
        openblas_nolapack.blas_set_num_threads(n);
    }
}
