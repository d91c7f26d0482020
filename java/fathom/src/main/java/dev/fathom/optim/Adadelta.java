package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Adadelta (Zeiler 2012), as PyTorch's: g += weightDecay w; s = rho s + (1 - rho) g^2; d = sqrt(u + epsilon) / sqrt(s +
 * epsilon) g; u = rho u + (1 - rho) d^2; w -= lr d. The steps have the unit of the weights, so that a learning rate of
 * 1 suits most problems.
 *
 * @param learningRate lr
 * @param rho decay of both means of squares, in [0, 1)
 * @param epsilon added under both roots; it sets the size of the first steps
 * @param weightDecay the L2 penalty's factor, added to the gradient
 */
public record Adadelta(float learningRate, float rho, float epsilon, float weightDecay) implements Adaptive<Adadelta> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, rho outside [0, 1), epsilon not
     *     above 0, or weightDecay negative
     */
    public Adadelta {
        Checks.learningRate("Adadelta", learningRate);
        Checks.in("Adadelta", "rho", rho, "[0, 1)");
        Checks.above0("Adadelta", "epsilon", epsilon);
        Checks.notNegative("Adadelta", "weightDecay", weightDecay);
    }

    /** Uses the usual numbers: rho 0.9, epsilon 1e-6, no weight decay. */
    public Adadelta(float learningRate) {
        this(learningRate, 0.9f, 1e-6f, 0);
    }

    /**
     * Returns this optimizer with another decay of the means of squares.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Adadelta rho(float decay) {
        return Records.with(this, "rho", decay);
    }

    @Override
    public int moments() {
        return 2;
    }

    @Override
    public void step(Update update) {
        Rule.ADADELTA.step(update, (to, step) -> to.put(rho).put(epsilon), 0, 1);
    }
}
