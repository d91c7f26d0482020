package dev.fathom.derivative;

import dev.fathom.autograd.Leaf;
import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.parameter.Parameter;
import dev.fathom.store.Store;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The Hessian H of a loss with respect to parameters, which is never made: its products with vectors, exact as a
 * gradient is, and its extreme eigenvalues.
 *
 * <pre>{@code
 * Curvature curvature = new Curvature(() -> Loss.mse().of(net.apply(x), y), model.parameters());
 * float[] product = curvature.hessianVector(v);
 * Curvature.Extremes extremes = curvature.extremes(40, new Rng(1)); // a negative lowest eigenvalue: no minimum here
 * }</pre>
 *
 * <p>Vectors hold the elements of all parameters, one parameter after the other. The loss is computed for each product
 * in a pass of its own, in evaluation mode, which knows tensors of passes that are open outside as constants. Gradients
 * that parameters have stay as they are.
 *
 * @param loss a single number
 * @param parameters what the loss is differentiated by; all of them trainable, and of one thread
 */
public record Curvature(Supplier<Tensor> loss, List<Parameter> parameters) {
    /**
     * Checks the parameters.
     *
     * @throws IllegalArgumentException if there is none, or one twice, unbound or frozen
     */
    public Curvature {
        Objects.requireNonNull(loss, "curvature: the loss is null");
        parameters = List.copyOf(parameters);
        for (Parameter p : parameters) {
            if (!p.trainable()) {
                throw new IllegalArgumentException("curvature: parameter " + p.name() + " " + p.shape()
                        + " is not trainable; unfreeze it, hold it in a model, or leave it out");
            }
        }
        if (parameters.stream().mapToLong(p -> p.shape().size()).sum() == 0
                || parameters.stream().distinct().count() < parameters.size()) {
            throw new IllegalArgumentException("curvature: " + parameters.size()
                    + " parameters have no element, or one is there twice; give each once, with an element at least");
        }
    }

    /** The least and the largest eigenvalue of a Hessian. */
    public record Extremes(double lowest, double highest) {}

    /** Returns the number of elements of a vector. */
    public int size() {
        return Math.toIntExact(
                parameters.stream().mapToLong(p -> p.shape().size()).sum());
    }

    /**
     * Returns H v = the gradient of the loss's derivative along v (Pearlmutter 1994), at the cost of about three
     * gradients. PyTorch has it as {@code torch.autograd.functional.hvp}.
     *
     * @param v {@link #size} numbers
     * @throws IllegalArgumentException if there is another number of them, or the loss is not a single number
     * @throws UnsupportedOperationException if an op of the loss has no tangent
     */
    public float[] hessianVector(float... v) {
        if (v.length != size()) {
            throw new IllegalArgumentException("curvature: the vector has " + v.length
                    + " numbers but the parameters have " + size() + " elements; give one for each");
        }
        try (Pass pass = Pass.grad()) {
            List<Saved> saved = parameters.stream().map(Saved::of).toList();
            try {
                return product(pass, v);
            } finally {
                saved.forEach(Saved::restore);
            }
        }
    }

    private float[] product(Pass pass, float[] v) {
        Map<Parameter, Tensor> directions = new LinkedHashMap<>();
        FloatBuffer from = FloatBuffer.wrap(v);
        for (Parameter p : parameters) {
            from.limit(from.position() + (int) p.shape().size());
            directions.put(p, Tensor.of(from, p.shape().toArray()));
            from.position(from.limit());
        }
        Linearization f = Linearization.of(loss);
        if (f.value().size() != 1) {
            throw new IllegalArgumentException("curvature: the loss "
                    + f.value().shape() + " is not a single number; reduce it with mean() or sum()");
        }
        // a slope that does not depend on the parameters has the gradient 0, which nobody would record
        Tensor zero = pass.watch(Tensor.scalar(0));
        pass.backward(
                f.along(directions).sum().add(zero),
                t -> t == zero || parameters.stream().anyMatch(p -> p.wants(t)));
        float[] product = new float[v.length];
        FloatBuffer to = FloatBuffer.wrap(product);
        for (Parameter p : parameters) {
            Tensor g = p.gradient();
            if (g == null) {
                to.position(to.position() + (int) p.shape().size());
            } else {
                to.put(g.toArray());
            }
        }
        return product;
    }

    /** A gradient that backward would add to or replace. */
    private record Saved(Parameter parameter, float @Nullable [] gradient, int @Nullable [] rows) {
        static Saved of(Parameter p) {
            Tensor g = p.gradient();
            Saved s = new Saved(p, g == null ? null : g.toArray(), p.gradientRows());
            s.forget();
            return s;
        }

        private void forget() {
            Store.of(parameter).forget(Store.index(parameter));
        }

        void restore() {
            forget();
            if (gradient != null) {
                Leaf leaf = Objects.requireNonNull(Values.leaf(parameter.value()), "a parameter is a leaf");
                if (rows == null) {
                    leaf.writeWhole();
                } else {
                    leaf.writeRows(Values.commands(), rows, rows.length);
                }
                Block.write(leaf.gradients().address() + leaf.gradientOffset(), FloatBuffer.wrap(gradient));
            }
        }
    }

    /**
     * Returns estimates of the least and the largest eigenvalue of H by the method of Lanczos (1950) with full
     * orthogonalization, from a random start. They lie inside the true range and reach its ends as steps grow; with
     * {@link #size} steps they are exact to rounding. It takes a product for each step, and memory of {@code steps}
     * vectors.
     *
     * @param steps 1 or more; 20 to 50 are enough for nets
     * @param rng draws the start
     * @throws IllegalArgumentException if there are no steps, or as {@link #hessianVector}
     * @throws ArithmeticException if a product is NaN or infinite
     */
    public Extremes extremes(int steps, Rng rng) {
        if (steps < 1) {
            throw new IllegalArgumentException("curvature: steps=" + steps + "; give 1 or more");
        }
        int n = size();
        int most = Math.min(steps, n);
        double[][] q = new double[most][];
        double[] diagonal = new double[most];
        double[] beside = new double[most];
        double[] next = new double[n];
        float[] start = rng.normal(n, 0, 1);
        Arrays.setAll(next, i -> start[i]);
        int k = 0;
        double length = Math.sqrt(Vectors.dot(next, next));
        double largest = 0;
        while (k < most && length > 1e-6 * largest) { // else the directions so far hold all that H makes of them
            q[k] = times(next, 1 / length);
            beside[k] = length;
            next = apply(q[k]);
            diagonal[k] = Vectors.dot(next, q[k]);
            for (int twice = 0; twice < 2; twice++) {
                for (int i = 0; i <= k; i++) {
                    subtract(next, Vectors.dot(next, q[i]), q[i]);
                }
            }
            length = Math.sqrt(Vectors.dot(next, next));
            if (!Double.isFinite(length + diagonal[k])) {
                throw new ArithmeticException(
                        "curvature: a product of the Hessian is NaN or infinite; the loss or a parameter is not"
                                + " finite");
            }
            largest = Math.max(largest, Math.abs(diagonal[k]) + length);
            k++;
        }
        return new Extremes(eigenvalue(diagonal, beside, k, 0), eigenvalue(diagonal, beside, k, k - 1));
    }

    private double[] apply(double[] v) {
        float[] single = new float[v.length];
        for (int i = 0; i < v.length; i++) {
            single[i] = (float) v[i];
        }
        float[] product = hessianVector(single);
        double[] w = new double[v.length];
        Arrays.setAll(w, i -> product[i]);
        return w;
    }

    private static double[] times(double[] a, double c) {
        return Arrays.stream(a).map(x -> x * c).toArray();
    }

    private static void subtract(double[] from, double c, double[] a) {
        for (int i = 0; i < a.length; i++) {
            from[i] -= c * a[i];
        }
    }

    /**
     * Eigenvalue number {@code which} of a symmetric tridiagonal matrix, by bisection: as many are below x as signs in
     * Sturm's sequence are negative.
     */
    private static double eigenvalue(double[] diagonal, double[] beside, int n, int which) {
        double reach = 0;
        for (int i = 0; i < n; i++) {
            double right = i + 1 < n ? beside[i + 1] : 0;
            reach = Math.max(reach, Math.abs(diagonal[i]) + (i == 0 ? 0 : beside[i]) + right);
        }
        double low = -reach;
        double high = reach;
        for (int step = 0; step < 100; step++) {
            double x = (low + high) / 2;
            int below = 0;
            double d = 1;
            for (int i = 0; i < n; i++) {
                double b = i == 0 ? 0 : beside[i];
                d = diagonal[i] - x - b * b / (d == 0 ? 1e-300 : d);
                below += d < 0 ? 1 : 0;
            }
            if (below > which) {
                high = x;
            } else {
                low = x;
            }
        }
        return (low + high) / 2;
    }
}
