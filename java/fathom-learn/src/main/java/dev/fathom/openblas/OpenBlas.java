package dev.fathom.openblas;

import dev.fathom.jni.MatrixBackend;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import java.util.function.Supplier;
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
        load(() -> openblas_nolapack.class, "fathom.blas=openblas");
        Pointer address = Loader.addressof("cblas_sgemm");
        if (address == null || address.isNull()) {
            throw new NativeException(
                    "fathom.blas=openblas cannot be used: the library that was loaded has no cblas_sgemm; load another",
                    null);
        }
        return address.address();
    }

    @Override
    public void threads(int n) {
        openblas_nolapack.blas_set_num_threads(n);
    }

    /** Loads a part of OpenBLAS at its first use, or says how {@code what} can be used. */
    static void load(Supplier<Class<?>> part, String what) {
        try {
            Loader.load(part.get());
        } catch (LinkageError e) {
            String platform = NativeRuntime.platform();
            String module = platform.replace('-', '.');
            // nothing requires these modules, so that Java leaves them out unless they are named
            String where = OpenBlas.class.getModule().isNamed()
                    ? "module path, and start Java with --add-modules org.bytedeco.openblas." + module
                            + ",org.bytedeco.javacpp." + module
                    : "class path";
            throw new NativeException(
                    what + " cannot be used: put org.bytedeco:openblas and org.bytedeco:javacpp with the classifier "
                            + platform + " on the " + where + " (" + e.getMessage() + ")",
                    e);
        }
    }
}
