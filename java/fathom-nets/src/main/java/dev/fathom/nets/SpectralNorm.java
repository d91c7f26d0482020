package dev.fathom.nets;

import dev.fathom.nn.WeightedLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Records;

/**
 * Runs {@code layer} with the weight W / sigma, where sigma is the largest singular value of W as a matrix [out,
 * fan-in], so that a linear layer never makes the distance of two inputs larger (Miyato et al. 2018). Each training
 * pass improves its estimate of the left singular vector u by power iteration,
 *
 * <pre>
 * v = W^T u / ||W^T u||,  u = W v / ||W v||,  sigma = u^T W v,
 * </pre>
 *
 * where u and v count as constants for the gradient. The new u is kept when backward has succeeded. It is PyTorch's
 * {@code spectral_norm}, step by step the same in training. In evaluation u stays, and v is computed from it, while
 * PyTorch keeps the v of the last training pass; this is the better estimate by half an iteration. u begins at random,
 * so that sigma is too small until some training passes have been made. A weight of zeros gives NaN.
 *
 * @param layer a linear layer, a convolution, or another layer with a weight; the names of its parameters do not change
 * @param weightU u [out]
 * @param iterations number of power iterations in each training pass
 */
public record SpectralNorm(@Inline WeightedLayer layer, Buffer weightU, int iterations) implements Reweighted {
    /** What PyTorch takes for a norm of 0. */
    private static final float SMALL = 1e-12f;

    /**
     * Checks the number of iterations.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public SpectralNorm {
        Checks.atLeast("SpectralNorm", "iterations", iterations, 1);
    }

    /** Normalizes the weight of a layer, with one power iteration in each training pass, as the paper does. */
    public SpectralNorm(WeightedLayer layer) {
        this(
                layer,
                new Buffer(
                        Shape.of(layer.weight().shape().dim(0)), (shape, rng) -> unit(rng.normal(shape.dim(0), 0, 1))),
                1);
    }

    /**
     * Returns this layer with another number of power iterations in each training pass.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public SpectralNorm iterations(int number) {
        return Records.with(this, "iterations", number);
    }

    @Override
    public Tensor weighted(Tensor x, Operand w) {
        boolean training = Pass.current().training();
        Tensor matrix = w.value().flatten(1);
        Tensor constant = matrix.detach();
        Tensor u = weightU.value();
        Tensor v;
        int i = 0;
        do {
            v = unit(u.matmul(constant));
            u = training ? unit(v.linear(constant, null)) : u;
        } while (training && ++i < iterations);
        if (training) {
            weightU.update(u);
        }
        return layer.apply(x, w.value().div(v.linear(matrix, null).mul(u).sum()));
    }

    private static Tensor unit(Tensor vector) {
        return vector.div(vector.norm().clamp(SMALL, Float.MAX_VALUE));
    }

    private static float[] unit(float[] vector) {
        double squares = 0;
        for (float x : vector) {
            squares += (double) x * x;
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] /= (float) Math.sqrt(squares);
        }
        return vector;
    }
}
