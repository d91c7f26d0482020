package dev.fathom.user;

import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.openblas.Lapack;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * What a program of its own says about its backend and LAPACK. It is in a package of no module, so that it can be on
 * the class path beside the modules.
 */
public final class Probe {
    private Probe() {}

    public static void main(String... none) {
        try (Pass pass = Pass.infer()) {
            Tensor eye = Tensor.of(new float[] {1, 0, 0, 1}, 2, 2);
            Tensor two = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
            String product = Arrays.toString(eye.matmul(two).toArray());
            System.out.println(NativeRuntime.get().blas() + " " + product);
        } catch (NativeException e) {
            System.out.println(e.getMessage());
        }
        try {
            System.out.println(Arrays.toString(Lapack.eigenvectors(new double[] {2, 0, 0, 1}, 2)));
        } catch (NativeException e) {
            System.out.println(e.getMessage());
        }
    }
}
