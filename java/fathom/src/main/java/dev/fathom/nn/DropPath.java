package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;

/**
 * In training, zeroes each example of x [batch, ..] with probability p and multiplies the others by 1 / (1 - p):
 * stochastic depth (Huang et al. 2016), used as the last layer of a residual's inner branch. It is the identity in
 * evaluation.
 *
 * @param p the probability to drop, in [0, 1)
 */
public record DropPath(float p) implements StepwiseLayer {
    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public DropPath {
        Checks.dropProbability("DropPath", "p", p);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Norms.drop("DropPath", x, p, 0);
    }
}
