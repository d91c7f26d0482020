package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y = x N(1, p / (1 - p)) in training, with a factor of its own for each element, and the identity in evaluation
 * (Srivastava et al. 2014, section 10). The factors have the mean and the variance of those of {@code Dropout(p)}. It
 * is the GaussianDropout of Keras.
 *
 * @param p the probability to drop of the dropout that it stands for, in [0, 1)
 */
public record GaussianDropout(float p) implements StepwiseLayer {
    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public GaussianDropout {
        Checks.dropProbability("GaussianDropout", "p", p);
    }

    @Override
    public Tensor forward(Tensor x) {
        Pass pass = Pass.current();
        return p == 0 || !pass.training()
                ? x
                : x.mul(pass.randn(x.shape().toArray())
                        .mul(Math.sqrt(p / (1 - p)))
                        .add(1));
    }
}
