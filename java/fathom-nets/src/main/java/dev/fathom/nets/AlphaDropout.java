package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * The dropout that belongs to SELU (Klambauer et al. 2017). In training each element becomes alpha' = -1.7581, the
 * value of SELU at minus infinity, with probability p, independently, and then everything becomes a x + b with
 *
 * <pre>
 * a = 1 / sqrt((1 - p) (1 + p alpha'^2))
 * b = -a p alpha'
 * </pre>
 *
 * which keeps a mean of 0 and a variance of 1. It is the identity in evaluation, and PyTorch's AlphaDropout.
 *
 * @param p the probability to drop, in [0, 1)
 */
public record AlphaDropout(float p) implements StepwiseLayer {
    /** -lambda alpha of SELU. */
    private static final double ALPHA = -1.0507009873554805 * 1.6732632423543772;

    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public AlphaDropout {
        Checks.dropProbability("AlphaDropout", "p", p);
    }

    @Override
    public Tensor forward(Tensor x) {
        if (p == 0 || !Pass.current().training()) {
            return x;
        }
        // with a mask m of ones and zeros, a (x m + alpha' (1 - m)) + b = a (x - alpha') m + a alpha' + b
        double a = 1 / Math.sqrt((1 - p) * (1 + p * ALPHA * ALPHA));
        return x.sub((float) ALPHA).dropout(p, (float) a).add((float) (a * ALPHA * (1 - p)));
    }
}
