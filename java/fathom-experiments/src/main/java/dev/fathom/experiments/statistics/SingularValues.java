package dev.fathom.experiments.statistics;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.Objects;

/** The singular values of a layer's Jacobian, the factors by which it stretches small changes of its input. */
public final class SingularValues {
    private static final double ROUNDING = 1e-15;
    private static final int MOST_SWEEPS = 60;

    private SingularValues() {}

    /**
     * The singular values of dy/dx at {@code x}, from the largest to the smallest, for one input [h, w, c] of a layer
     * whose output has as many numbers. One backward pass gives the whole Jacobian: in a batch of copies of x, copy i
     * asks for the gradient of output i.
     */
    public static double[] of(Layer layer, float[] x, int... dims) {
        int n = x.length;
        int[] batch = new int[dims.length + 1];
        batch[0] = n;
        System.arraycopy(dims, 0, batch, 1, dims.length);
        float[] copies = new float[n * n];
        float[] identity = new float[n * n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(x, 0, copies, i * n, n);
            identity[i * (n + 1)] = 1;
        }
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(Tensor.of(copies, batch));
            pass.backward(layer.apply(in).mul(Tensor.of(identity, batch)).sum(), in);
            float[] jacobian = Objects.requireNonNull(pass.gradient(in)).toArray();
            double[][] rows = new double[n][n];
            for (int i = 0; i < n * n; i++) {
                rows[i / n][i % n] = jacobian[i];
            }
            return of(rows);
        }
    }

    /**
     * The singular values of a matrix: pairs of its rows are rotated until all are orthogonal (Hestenes 1958), and then
     * their norms are taken.
     */
    public static double[] of(double[][] rows) {
        boolean turned = true;
        for (int sweep = 0; turned && sweep < MOST_SWEEPS; sweep++) {
            turned = false;
            for (int p = 0; p < rows.length; p++) {
                for (int q = p + 1; q < rows.length; q++) {
                    turned |= turn(rows[p], rows[q]);
                }
            }
        }
        double[] values = Arrays.stream(rows)
                .mapToDouble(r -> Math.sqrt(Vectors.dot(r, r)))
                .sorted()
                .toArray();
        for (int i = 0; i < values.length / 2; i++) {
            double least = values[i];
            values[i] = values[values.length - 1 - i];
            values[values.length - 1 - i] = least;
        }
        return values;
    }

    /** Makes two rows orthogonal; false where they were. */
    private static boolean turn(double[] a, double[] b) {
        double aa = Vectors.dot(a, a);
        double bb = Vectors.dot(b, b);
        double ab = Vectors.dot(a, b);
        if (Math.abs(ab) <= ROUNDING * Math.sqrt(aa) * Math.sqrt(bb)) {
            return false;
        }
        double cotangent = (bb - aa) / (2 * ab); // of twice the angle
        double tangent = Math.copySign(1, cotangent) / (Math.abs(cotangent) + Math.hypot(1, cotangent));
        double cos = 1 / Math.hypot(1, tangent);
        double sin = cos * tangent;
        for (int i = 0; i < a.length; i++) {
            double was = a[i];
            a[i] = cos * was - sin * b[i];
            b[i] = sin * was + cos * b[i];
        }
        return true;
    }
}
