package dev.fathom.optim;

import dev.fathom.op.Checks;

/**
 * Adamax (Kingma and Ba 2015, section 7), as PyTorch's: g += weightDecay w; m = beta1 m + (1 - beta1) g; u = max(beta2
 * u, |g| + epsilon); w -= lr / (1 - beta1^t) m / u at step t = 1, 2, ... It is Adam with the largest gradient that is
 * not forgotten yet in place of the root.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the largest gradient, in [0, 1)
 * @param epsilon added to the size of the gradient
 * @param weightDecay the L2 penalty's factor, added to the gradient
 */
public record Adamax(float learningRate, float beta1, float beta2, float epsilon, float weightDecay)
        implements AdamVariant<Adamax> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), epsilon
     *     not above 0, or weightDecay negative
     */
    public Adamax {
        Checks.above0("Adamax", "epsilon", epsilon);
        Rule.check("Adamax", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the usual numbers: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
    public Adamax(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 0);
    }

    @Override
    public void step(Update update) {
        Rule.ADAMAX.step(
                update,
                (to, step) -> to.put(beta1).put(beta2).put(epsilon).put((float) (1 / Rule.correction(beta1, step))),
                0,
                1);
    }
}
