package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;

/**
 * y = x / (k + alpha / size * sum x^2)^beta, where the sum runs over {@code size} neighboring channels, the last
 * dimension of x: AlexNet's lateral inhibition (Krizhevsky et al. 2012). As in PyTorch, alpha is divided by size; the
 * paper's alpha is this one divided by size.
 *
 * @param size number of neighboring channels
 * @param alpha the factor of the mean of squares
 * @param beta the exponent
 * @param k what is added
 */
public record LocalResponseNorm(int size, float alpha, float beta, float k) implements StepwiseLayer {
    /**
     * Checks size.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public LocalResponseNorm {
        Checks.atLeast("LocalResponseNorm", "size", size, 1);
    }

    /** Makes a layer with PyTorch's alpha of 1e-4, beta of 0.75 and k of 1. */
    public LocalResponseNorm(int size) {
        this(size, 1e-4f, 0.75f, 1);
    }

    /** Returns this layer with another factor of the mean of squares. */
    public LocalResponseNorm alpha(float factor) {
        return Records.with(this, "alpha", factor);
    }

    /** Returns this layer with another exponent. */
    public LocalResponseNorm beta(float exponent) {
        return Records.with(this, "beta", exponent);
    }

    /** Returns this layer with another summand. */
    public LocalResponseNorm k(float summand) {
        return Records.with(this, "k", summand);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.localResponseNorm(size, alpha, beta, k);
    }
}
