package dev.fathom.nn;

import dev.fathom.tensor.Initializer;
import dev.fathom.tensor.Shape;
import java.util.Arrays;

/** Ways for parameters to begin. Fan-in and fan-out are those of a weight [out, .., in]: in and out times what lies between, a filter's places. */
public final class Init {
    private Init() {}

    /** All {@code value}. */
    public static Initializer constant(float value) {
        return (shape, rng) -> {
            float[] v = new float[Math.toIntExact(shape.size())];
            Arrays.fill(v, value);
            return v;
        };
    }

    /** All zeros. */
    public static Initializer zeros() {
        return constant(0);
    }

    /**
     * Uniform in [lo, hi).
     *
     * @throws IllegalArgumentException if lo &gt; hi or one is NaN
     */
    public static Initializer uniform(float lo, float hi) {
        if (!(lo <= hi)) {
            throw new IllegalArgumentException("Init.uniform: lo=" + lo + " must not be above hi=" + hi);
        }
        return (shape, rng) -> rng.uniform(Math.toIntExact(shape.size()), lo, hi);
    }

    /**
     * Normal with this mean and standard deviation.
     *
     * @throws IllegalArgumentException if std is negative or NaN
     */
    public static Initializer normal(float mean, float std) {
        if (!(std >= 0)) {
            throw new IllegalArgumentException("Init.normal: std=" + std + " must be 0 or more");
        }
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), mean, std);
    }

    /** Uniform with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010), for tanh and sigmoid. */
    public static Initializer xavierUniform() {
        return (shape, rng) -> {
            float a = (float) Math.sqrt(3 * xavierVariance(shape));
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010). */
    public static Initializer xavierNormal() {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(xavierVariance(shape)));
    }

    /** Uniform with variance 2 / fan-in (He et al. 2015), for ReLU. */
    public static Initializer heUniform() {
        return (shape, rng) -> {
            float a = (float) Math.sqrt(3 * heVariance(shape));
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** Normal with variance 2 / fan-in (He et al. 2015), for ReLU. */
    public static Initializer heNormal() {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(heVariance(shape)));
    }

    /** Normal with variance 2 / fan-out, which keeps the variance of gradients (He et al. 2015): the beginning of residual networks. */
    public static Initializer heNormalFanOut() {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(2.0 / fanOut(shape)));
    }

    /** As PyTorch begins the weights of linear layers and convolutions: uniform in +-1/sqrt(fan-in). */
    public static Initializer torch() {
        return (shape, rng) -> {
            float a = torchBound(shape);
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** As PyTorch begins the bias beside a weight of this shape: uniform in +-1/sqrt(fan-in). */
    static Initializer torchBias(Shape weight) {
        return uniform(-torchBound(weight), torchBound(weight));
    }

    private static float torchBound(Shape weight) {
        return (float) (1 / Math.sqrt(fanIn(weight)));
    }

    /** 2 / (fan-in + fan-out). */
    public static double xavierVariance(Shape weight) {
        return 2.0 / (fanIn(weight) + fanOut(weight));
    }

    /** 2 / fan-in. */
    public static double heVariance(Shape weight) {
        return 2.0 / fanIn(weight);
    }

    private static long fanIn(Shape s) {
        if (s.rank() < 2) {
            throw new IllegalArgumentException(
                    "Init: shape " + s + " has no fan-in; a weight has at least the two dimensions [out, in]");
        }
        return s.size(1, s.rank());
    }

    private static long fanOut(Shape s) {
        fanIn(s);
        return s.size(0, s.rank() - 1);
    }
}
