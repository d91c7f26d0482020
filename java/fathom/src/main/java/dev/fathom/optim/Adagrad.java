package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Adagrad (Duchi, Hazan and Singer 2011), as PyTorch's: g += weightDecay w; s += g^2, from s = initial; w -= lr / (1 +
 * (t - 1) rateDecay) g / (sqrt(s) + epsilon) at step t = 1, 2, ... Weights whose gradients are rare or small keep a
 * large rate, and no rate ever rises again.
 *
 * @param learningRate lr
 * @param rateDecay how fast the learning rate falls with the steps, 0 for not at all
 * @param initial what the sum of squares begins with
 * @param epsilon added to the root
 * @param weightDecay the L2 penalty's factor, added to the gradient
 */
public record Adagrad(float learningRate, float rateDecay, float initial, float epsilon, float weightDecay)
        implements Adaptive<Adagrad> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, or another factor negative
     */
    public Adagrad {
        Checks.learningRate("Adagrad", learningRate);
        Checks.notNegative("Adagrad", "rateDecay", rateDecay);
        Checks.notNegative("Adagrad", "initial", initial);
        Checks.notNegative("Adagrad", "epsilon", epsilon);
        Checks.notNegative("Adagrad", "weightDecay", weightDecay);
    }

    /** Uses the usual numbers: epsilon 1e-10, a sum that begins with 0, no decay of the rate or of the weights. */
    public Adagrad(float learningRate) {
        this(learningRate, 0, 0, 1e-10f, 0);
    }

    /**
     * Returns this optimizer with a learning rate that is divided by 1 + (t - 1) decay at step t.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Adagrad rateDecay(float decay) {
        return Records.with(this, "rateDecay", decay);
    }

    /**
     * Returns this optimizer with another number with which the sum of squares begins.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Adagrad initial(float sum) {
        return Records.with(this, "initial", sum);
    }

    @Override
    public int moments() {
        return 1;
    }

    @Override
    public void step(Update update) {
        Rule.ADAGRAD.step(
                update,
                (to, step) -> to.put(epsilon).put(initial).put((float) (1 / (1 + (step - 1) * (double) rateDecay))),
                0);
    }
}
