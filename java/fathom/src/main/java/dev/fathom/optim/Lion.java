package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms"): w -= lr weightDecay w; w -= lr sign(beta1 m
 * + (1 - beta1) g); m = beta2 m + (1 - beta2) g. Every weight moves by the same amount, so a learning rate of a third
 * to a tenth of Adam's and a weight decay three to ten times as large suit it. It keeps one moment where Adam keeps
 * two.
 *
 * @param learningRate lr
 * @param beta1 the share of the moment in the direction of a step, in [0, 1)
 * @param beta2 decay of the moment, in [0, 1)
 * @param weightDecay the factor of w, times lr, that a step subtracts
 */
public record Lion(float learningRate, float beta1, float beta2, float weightDecay) implements WeightDecaying<Lion> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     weightDecay negative
     */
    public Lion {
        Checks.learningRate("Lion", learningRate);
        Checks.notNegative("Lion", "weightDecay", weightDecay);
        Checks.in("Lion", "beta1", beta1, "[0, 1)");
        Checks.in("Lion", "beta2", beta2, "[0, 1)");
    }

    /** Uses the usual numbers: betas 0.9 and 0.99, no weight decay. */
    public Lion(float learningRate) {
        this(learningRate, 0.9f, 0.99f, 0);
    }

    /**
     * Returns this optimizer with another share and decay of its moment.
     *
     * @throws IllegalArgumentException if one is outside [0, 1)
     */
    public Lion betas(float first, float second) {
        return Records.with(this, "beta1", first, "beta2", second);
    }

    @Override
    public int moments() {
        return 1;
    }

    @Override
    public void step(Update update) {
        Rule.LION.step(update, (to, step) -> to.put(beta1).put(beta2), 0);
    }
}
