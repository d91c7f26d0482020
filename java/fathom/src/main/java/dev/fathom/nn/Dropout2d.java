package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;

/**
 * In training, zeroes each channel of each example x [batch, .., channels] with probability p and multiplies the others
 * by 1 / (1 - p): spatial dropout (Tompson et al. 2015), for maps in which neighboring positions hold similar values.
 * It is the identity in evaluation.
 *
 * @param p the probability to drop, in [0, 1)
 */
public record Dropout2d(float p) implements StepwiseLayer {
    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Dropout2d {
        Checks.dropProbability("Dropout2d", "p", p);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Norms.drop("Dropout2d", x, p, 1);
    }
}
