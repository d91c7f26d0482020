package dev.fathom.nn;

import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.store.Store;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Compares gradients with central differences: d/dx f(x) against (f(x + h) - f(x - h)) / 2 h with h = 0.01 max(1, |x|),
 * for every element of every F32 input. It is meant for the author of an op, a layer or a loss:
 *
 * <pre>{@code
 * try (var pass = Pass.infer()) {
 *   GradientCheck.check(in -> swish(in[0]).mean(), 1e-2, Tensor.of(new float[] {-2, 0.3f, 1}, 3));
 * }
 * }</pre>
 *
 * <p>f runs in a pass of its own in training mode and sees the same random numbers every time, so that dropout can be
 * checked too. A result of several elements is replaced by their sum with fixed uneven weights. float32 leaves about
 * three digits, so a tolerance of 1e-2 finds wrong formulas and forgives rounding. Near a kink, such as that of ReLU at
 * 0, the central difference straddles it and says nothing about the gradient: where the differences to both sides
 * disagree and the gradient lies between them, the message says so. Choose inputs farther away than h.
 */
public final class GradientCheck {
    private static final float STEP = 1e-2f;

    private GradientCheck() {}

    /**
     * The element where both differ most.
     *
     * @param where {@code input 0} or {@code parameter 0.weight}
     * @param index its index there
     * @param gradient what backward gives
     * @param difference what the central difference gives
     * @param below what the difference (f(x) - f(x - h)) / h to the left gives
     * @param above what the difference (f(x + h) - f(x)) / h to the right gives
     * @param error the distance of gradient and central difference, divided by 1 + |difference|
     */
    public record Worst(
            String where,
            List<Integer> index,
            double gradient,
            double difference,
            double below,
            double above,
            double error) {
        /**
         * Returns whether f seems to have a kink within h: the differences to both sides disagree, and the gradient is
         * that of one side or between.
         */
        public boolean kink() {
            double small = STEP * (1 + Math.abs(difference));
            return Math.abs(above - below) > 10 * small
                    && gradient > Math.min(below, above) - small
                    && gradient < Math.max(below, above) + small;
        }

        @Override
        public String toString() {
            return mismatch() + remedy();
        }

        private String mismatch() {
            return "the gradient of " + where + " at " + index + " is " + (float) gradient
                    + " but the central difference is " + (float) difference + " (error " + (float) error
                    + " of 1 + |difference|)";
        }

        private String remedy() {
            return !kink()
                    ? ""
                    : "; f has a kink there, with the differences " + (float) below + " below and " + (float) above
                            + " above, so the central difference says nothing: choose an input farther away from the"
                            + " kink";
        }
    }

    /**
     * Checks the gradient of f at these inputs.
     *
     * @param inputs readable tensors; those that are not F32 go to f as they are
     * @throws AssertionError naming the worst element, if its error is above the tolerance
     */
    public static void check(Function<Tensor[], Tensor> f, double tolerance, Tensor... inputs) {
        check(f, tolerance, List.of(), inputs);
    }

    /**
     * Checks the gradients of f with respect to its inputs and to the parameters that it uses.
     *
     * @throws AssertionError naming the worst element, if its error is above the tolerance
     */
    public static void check(
            Function<Tensor[], Tensor> f, double tolerance, List<Parameter> parameters, Tensor... inputs) {
        Worst worst = compare(f, parameters, inputs);
        if (!(worst.error <= tolerance)) {
            throw new AssertionError(
                    "gradient check: " + worst.mismatch() + ", above the tolerance " + tolerance + worst.remedy());
        }
    }

    /**
     * Returns the largest error among all inputs and parameters. Afterward, the parameters have the gradients of this
     * call.
     *
     * @throws IllegalArgumentException if there is nothing to check, or a parameter is frozen and gets no gradient
     */
    public static Worst compare(Function<Tensor[], Tensor> f, List<Parameter> parameters, Tensor... inputs) {
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            if (inputs[i].dtype() == DType.F32) {
                places.add(new Place("input " + i, inputs[i].shape(), inputs[i].toArray(), i, null));
            }
        }
        for (Parameter p : parameters) {
            if (!p.trainable()) {
                throw new IllegalArgumentException("gradient check: parameter " + p.name()
                        + " is frozen, and backward gives it no gradient; unfreeze it, or leave it out");
            }
            Store.of(p).forget(Store.index(p));
            places.add(new Place("parameter " + p.name(), p.shape(), p.value().toArray(), -1, p));
        }
        if (places.stream().allMatch(p -> p.values.length == 0)) {
            throw new IllegalArgumentException(
                    "gradient check: no F32 input and no parameter has an element; give at least one");
        }
        float[] here = values(f, inputs, places);
        for (Place p : places) { // before backward, which changes buffers that f reads
            for (int i = 0; i < p.values.length; i++) {
                differences(f, inputs, places, p, i, here);
            }
        }
        gradients(f, inputs, places);
        Worst worst = null;
        for (Place p : places) {
            for (int i = 0; i < p.values.length; i++) {
                double difference = p.difference[i];
                double error = Math.abs(p.gradient[i] - difference) / (1 + Math.abs(difference));
                if (worst == null || error > worst.error || Double.isNaN(error) && !Double.isNaN(worst.error)) {
                    worst = new Worst(p.name, p.index(i), p.gradient[i], difference, p.below[i], p.above[i], error);
                }
            }
        }
        return Objects.requireNonNull(worst, "there is a place to check");
    }

    /** An input or parameter under test. */
    private static final class Place {
        final String name;
        final Shape shape;
        final float[] values;
        final int input;
        final @Nullable Parameter parameter;
        final double[] difference;
        final double[] below;
        final double[] above;
        float[] gradient;

        Place(String name, Shape shape, float[] values, int input, @Nullable Parameter parameter) {
            this.name = name;
            this.shape = shape;
            this.values = values;
            this.input = input;
            this.parameter = parameter;
            this.difference = new double[values.length];
            this.below = new double[values.length];
            this.above = new double[values.length];
            this.gradient = new float[values.length];
        }

        List<Integer> index(int flat) {
            return Arrays.stream(shape.index(flat)).boxed().toList();
        }

        void set(int i, float value) {
            values[i] = value;
            if (parameter != null) {
                long at = Values.address(parameter.value()) + 4L * i;
                Store.of(parameter)
                        .change(
                                "gradient check",
                                Store.index(parameter),
                                () -> Block.at(at, 4).putFloat(0, value));
            }
        }
    }

    private static Tensor run(
            Pass pass, Function<Tensor[], Tensor> f, Tensor[] inputs, List<Place> places, boolean watch) {
        Tensor[] in = inputs.clone();
        for (Place p : places) {
            if (p.parameter == null) {
                Tensor x = Tensor.of(p.values, p.shape.toArray());
                in[p.input] = watch ? pass.watch(x) : x;
            }
        }
        Tensor y = f.apply(in);
        if (watch && y.needsGradient()) {
            float[] weights = new float[Math.toIntExact(y.size())];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = weight(i);
            }
            pass.backward(y.mul(Tensor.of(weights, y.shape().toArray())).sum());
            for (Place p : places) {
                Tensor g = p.parameter != null ? p.parameter.gradient() : pass.gradient(in[p.input]);
                if (g != null) {
                    p.gradient = g.toArray();
                }
            }
        }
        return y;
    }

    private static void gradients(Function<Tensor[], Tensor> f, Tensor[] inputs, List<Place> places) {
        try (Pass pass = Pass.train(new Rng(0))) {
            run(pass, f, inputs, places, true);
        }
    }

    /**
     * The central difference of an element and those to both sides, where f gives {@code here} at the inputs as they
     * are.
     */
    private static void differences(
            Function<Tensor[], Tensor> f, Tensor[] inputs, List<Place> places, Place p, int i, float[] here) {
        float x = p.values[i];
        float h = STEP * Math.max(1, Math.abs(x));
        p.set(i, x + h);
        double above = p.values[i];
        float[] high = values(f, inputs, places);
        p.set(i, x - h);
        double below = p.values[i];
        float[] low = values(f, inputs, places);
        p.set(i, x);
        p.difference[i] = sum(high, low) / (above - below);
        p.above[i] = sum(high, here) / (above - x);
        p.below[i] = sum(here, low) / (x - below);
    }

    private static double sum(float[] high, float[] low) {
        double sum = 0;
        for (int o = 0; o < high.length; o++) {
            sum += weight(o) * ((double) high[o] - low[o]);
        }
        return sum;
    }

    private static float[] values(Function<Tensor[], Tensor> f, Tensor[] inputs, List<Place> places) {
        try (Pass pass = Pass.train(new Rng(0))) {
            return run(pass, f, inputs, places, false).toArray();
        }
    }

    /** 1 for a single number; else uneven, so that errors do not cancel. */
    private static float weight(int i) {
        return 1 - (i * 7 % 16) / 16f;
    }
}
