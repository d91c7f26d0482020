package dev.fathom.experiments.statistics;

import dev.fathom.derivative.Curvature;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.openblas.Lapack;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

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
public record CriticalPoint(double loss, double before, double norm, double[] eigenvalues) {
    /**
     * Eigenvalues whose size is below this share of the largest are not told from 0, since products with the Hessian
     * are rounded to floats.
     */
    private static final double ROUNDING = 1e-5;

    /** The norm of a gradient that counts as 0. */
    private static final double ARRIVED = 1e-5;

    private record Place(Parameter at) implements Net {}

    /**
     * Searches from {@code start} until the norm of the gradient is below {@code enough}, for at most {@code steps}
     * Hessians.
     *
     * @param loss of the vector [n] of all weights
     * @param check is called before each step, and may throw
     */
    public static CriticalPoint from(
            UnaryOperator<Tensor> loss, int steps, double enough, Runnable check, float... start) {
        float[] w = start;
        float[] g = gradient(loss, w);
        double before = Averages.norm(g);
        double[][] hessian = hessian(loss, w);
        double damping = 1e-4 * Math.pow(largest(eigenvalues(hessian)), 2);
        for (int i = 0; i < steps && Averages.norm(g) > enough; i++) {
            check.run();
            double[] dampings = new double[w.length];
            Arrays.fill(dampings, damping);
            double[] step = MinimumNorm.ridge(hessian, Averages.doubles(g), dampings); // (H² + μ)⁻¹ H g
            float[] there = w.clone();
            Arrays.setAll(step, j -> there[j] -= (float) step[j]);
            float[] slope = gradient(loss, there);
            boolean shorter = Averages.norm(slope) < Averages.norm(g);
            damping *= shorter ? 1.0 / 8 : 4;
            if (shorter) {
                w = there;
                g = slope;
                hessian = hessian(loss, w);
            }
        }
        try (Pass pass = Pass.infer()) {
            double there = loss.apply(Tensor.of(w, w.length)).item();
            return new CriticalPoint(there, before, Averages.norm(g), eigenvalues(hessian));
        }
    }

    private static float[] gradient(UnaryOperator<Tensor> loss, float... at) {
        try (Pass pass = Pass.grad()) {
            Tensor w = pass.watch(Tensor.of(at, at.length));
            pass.backward(loss.apply(w), w);
            return Objects.requireNonNull(pass.gradient(w)).toArray();
        }
    }

    /** The Hessian, computed column by column. */
    private static double[][] hessian(UnaryOperator<Tensor> loss, float... w) {
        double[][] hessian = new double[w.length][w.length];
        Parameter place = new Parameter(Shape.of(w.length), (shape, rng) -> w.clone());
        try (Model<Place> model = Model.of(new Place(place), 0)) {
            Parameter at = model.net().at;
            Curvature curvature = new Curvature(() -> loss.apply(at.value()), List.of(at));
            for (int i = 0; i < w.length; i++) {
                float[] unit = new float[w.length];
                unit[i] = 1;
                float[] column = curvature.hessianVector(unit);
                for (int j = 0; j < w.length; j++) {
                    hessian[i][j] += column[j] / 2;
                    hessian[j][i] += column[j] / 2;
                }
            }
        }
        return hessian;
    }

    private static double[] eigenvalues(double[][] matrix) {
        double[] flat = Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
        return Lapack.eigenvectors(flat, matrix.length);
    }

    private static double largest(double... eigenvalues) {
        return Math.max(-eigenvalues[0], eigenvalues[eigenvalues.length - 1]);
    }

    /** Whether the gradient that is left counts as 0. */
    public boolean arrived() {
        return norm < ARRIVED;
    }

    /** The number of eigenvalues below 0, beyond rounding. */
    public long negative() {
        return count(-1);
    }

    /** The number of eigenvalues above 0, beyond rounding. */
    public long positive() {
        return count(1);
    }

    private long count(int sign) {
        return Arrays.stream(eigenvalues)
                .filter(v -> sign * v > ROUNDING * largest(eigenvalues))
                .count();
    }

    /** The share of negative eigenvalues among those that are not 0 in percent, the index of a critical point. */
    public double index() {
        return 100.0 * negative() / Math.max(1, negative() + positive());
    }

    /** The correlation of loss and index. */
    public static double correlation(List<CriticalPoint> points) {
        float[] losses =
                Averages.floats(points.stream().mapToDouble(CriticalPoint::loss).toArray());
        float[] shares = Averages.floats(
                points.stream().mapToDouble(CriticalPoint::index).toArray());
        return Correlation.pearson(losses, shares, 0, losses.length);
    }
}
