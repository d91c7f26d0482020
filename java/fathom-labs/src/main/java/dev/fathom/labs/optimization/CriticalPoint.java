package dev.fathom.labs.optimization;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.Curvature;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.openblas.Lapack;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * A place of the loss where the gradient g vanishes or nearly so, be it a minimum, a saddle or a maximum. It is a root
 * of g, found by the method of Levenberg (1944) and Marquardt (1963): w -= (H² + μ)⁻¹ H g with the Hessian H of the
 * loss, where μ falls after a step that makes g shorter and grows after another, which is not taken.
 *
 * @param loss there
 * @param before the norm of the gradient at the start
 * @param norm the norm of the gradient that is left
 * @param eigenvalues of the Hessian, ascending
 */
record CriticalPoint(double loss, double before, double norm, double[] eigenvalues) {
    /**
     * Eigenvalues whose size is below this share of the largest are not told from 0, since products with the Hessian
     * are rounded to floats.
     */
    private static final double ROUNDING = 1e-5;

    /** The norm of a gradient that counts as 0. */
    private static final double ARRIVED = 1e-5;

    /**
     * Searches from {@code start} until the norm of the gradient is below {@code enough}, for at most {@code steps}
     * Hessians.
     */
    static CriticalPoint from(
            FlatNet shape, Dataset data, int steps, double enough, BooleanSupplier stopped, float... start) {
        float[] w = start.clone();
        float[] g = gradient(shape, data, w);
        double before = Averages.norm(g);
        Spectrum h = Spectrum.of(shape, data, w);
        double damping = 1e-4 * h.largest() * h.largest();
        for (int i = 0; i < steps && Averages.norm(g) > enough && !stopped.getAsBoolean(); i++) {
            float[] there = h.step(w, g, damping);
            float[] slope = gradient(shape, data, there);
            if (Averages.norm(slope) < Averages.norm(g)) {
                w = there;
                g = slope;
                h = Spectrum.of(shape, data, w);
                damping /= 8;
            } else {
                damping *= 4;
            }
        }
        return new CriticalPoint(Ways.loss(shape, data, w), before, Averages.norm(g), h.values);
    }

    /**
     * A Hessian.
     *
     * @param vectors its eigenvectors, one in each row
     * @param values its eigenvalues, ascending
     */
    private record Spectrum(double[] vectors, double[] values) {
        /** Computes the Hessian column by column. */
        static Spectrum of(FlatNet shape, Dataset data, float... w) {
            int n = w.length;
            double[] hessian = new double[n * n];
            try (Model<FlatNet> model = Model.of(shape.at(w), 0)) {
                Curvature curvature = model.net().curvature(data);
                for (int i = 0; i < n; i++) {
                    float[] unit = new float[n];
                    unit[i] = 1;
                    float[] column = curvature.hessianVector(unit);
                    for (int j = 0; j < n; j++) {
                        hessian[i * n + j] += column[j] / 2;
                        hessian[j * n + i] += column[j] / 2;
                    }
                }
            }
            double[] values = Lapack.eigenvectors(hessian, n);
            return new Spectrum(hessian, values);
        }

        double largest() {
            return Math.max(-values[0], values[values.length - 1]);
        }

        /** w - (H² + damping)⁻¹ H g. */
        float[] step(float[] w, float[] g, double damping) {
            int n = w.length;
            double[] to = new double[n];
            for (int k = 0; k < n; k++) {
                double along = 0;
                for (int j = 0; j < n; j++) {
                    along += vectors[k * n + j] * g[j];
                }
                double length = along * values[k] / (values[k] * values[k] + damping);
                for (int j = 0; j < n; j++) {
                    to[j] -= length * vectors[k * n + j];
                }
            }
            float[] there = w.clone();
            for (int j = 0; j < n; j++) {
                there[j] += (float) to[j];
            }
            return there;
        }
    }

    private static float[] gradient(FlatNet net, Dataset data, float... at) {
        try (Pass pass = Pass.grad()) {
            Tensor w = pass.watch(Tensor.of(at, at.length));
            pass.backward(net.loss(w, data.batches(data.size()).epoch(0).next()), w);
            return Objects.requireNonNull(pass.gradient(w)).toArray();
        }
    }

    /** Whether the gradient that is left counts as 0. */
    boolean arrived() {
        return norm < ARRIVED;
    }

    /** The number of eigenvalues below 0, beyond rounding. */
    int negative() {
        return count(-1);
    }

    /** The number of eigenvalues above 0, beyond rounding. */
    int positive() {
        return count(1);
    }

    private int count(int sign) {
        double largest = Math.max(-eigenvalues[0], eigenvalues[eigenvalues.length - 1]);
        int n = 0;
        for (double value : eigenvalues) {
            n += sign * value > ROUNDING * largest ? 1 : 0;
        }
        return n;
    }

    /** The share of negative eigenvalues among those that are not 0, the index of a critical point. */
    double index() {
        return negative() + positive() == 0 ? 0 : (double) negative() / (negative() + positive());
    }
}
