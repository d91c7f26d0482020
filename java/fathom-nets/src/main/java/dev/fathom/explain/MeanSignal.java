package dev.fathom.explain;

import dev.fathom.nets.MeanField;
import dev.fathom.op.Activation;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Objects;

/**
 * The theory of signals in a wide network at its start (Poole et al. 2016; Schoenholz et al. 2017) for any activation
 * φ, where {@link MeanField} has that of tanh: what goes into φ is normal with a variance q, so that with z standard
 * normal, the layer puts out signals of mean E[φ(√q z)] and mean square E[φ(√q z)²], and multiplies the mean square of
 * gradients by E[φ'(√q z)²].
 *
 * @param mean E[φ(√q z)]
 * @param square E[φ(√q z)²]
 * @param slope E[φ'(√q z)²]
 */
public record MeanSignal(double mean, double square, double slope) {
    private static final int NODES = 2000;
    private static final double REACH = 8;

    /**
     * Returns the signal behind an activation that gets numbers of variance {@code q}.
     *
     * @throws IllegalArgumentException if q is negative or not finite
     */
    public static MeanSignal of(Activation activation, double q) {
        Checks.notNegative("MeanSignal", "q", q);
        float[] places = new float[NODES];
        for (int i = 0; i < NODES; i++) {
            places[i] = (float) (Math.sqrt(q) * node(i));
        }
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(places, NODES));
            Tensor y = Pass.apply(activation, x);
            pass.backward(y.sum());
            float[] values = y.toArray();
            float[] slopes = Objects.requireNonNull(pass.gradient(x)).toArray();
            double[] sums = new double[4];
            for (int i = 0; i < NODES; i++) {
                double density = Math.exp(-node(i) * node(i) / 2);
                sums[0] += density;
                sums[1] += density * values[i];
                sums[2] += density * values[i] * values[i];
                sums[3] += density * slopes[i] * slopes[i];
            }
            return new MeanSignal(sums[1] / sums[0], sums[2] / sums[0], sums[3] / sums[0]);
        }
    }

    private static double node(int i) {
        return REACH * (2.0 * i / (NODES - 1) - 1);
    }

    /** Returns the standard deviation of the signals. */
    public double deviation() {
        return Math.sqrt(Math.max(0, square - mean * mean));
    }
}
