package dev.fathom.optim;

import dev.fathom.command.Commands;
import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * NAdam (Dozat 2016), which is Adam with Nesterov's look-ahead, as PyTorch's: g += weightDecay w; m and v as in
 * {@link Adam}; mu_t = beta1 (1 - 0.96^(t momentumDecay) / 2); w -= lr ((1 - mu_t) / (1 - mu_1 .. mu_t) g + mu_(t + 1)
 * / (1 - mu_1 .. mu_(t + 1)) m) / (sqrt(v / (1 - beta2^t)) + epsilon).
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param momentumDecay how fast mu rises from beta1 / 2 to beta1
 * @param weightDecay the L2 penalty's factor, added to the gradient
 * @param decoupled whether the decay is that of {@link AdamW} instead
 */
public record NAdam(
        float learningRate,
        float beta1,
        float beta2,
        float epsilon,
        float momentumDecay,
        float weightDecay,
        boolean decoupled)
        implements AdamVariant<NAdam> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     another factor negative
     */
    public NAdam {
        Checks.notNegative("NAdam", "momentumDecay", momentumDecay);
        Rule.check("NAdam", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the usual numbers: betas 0.9 and 0.999, epsilon 1e-8, momentum decay 0.004, no weight decay. */
    public NAdam(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 4e-3f, 0, false);
    }

    /**
     * Returns this optimizer with another speed at which mu rises to beta1.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public NAdam momentumDecay(float decay) {
        return Records.with(this, "momentumDecay", decay);
    }

    /**
     * Returns this optimizer with the weight decay of {@link AdamW}, w -= lr weightDecay w, which the root does not
     * divide.
     */
    public NAdam withDecoupledDecay() {
        return Records.with(this, "decoupled", true);
    }

    @Override
    public void step(Update update) {
        Rule.NADAM.step(update, this::write, 0, 1);
    }

    private void write(Commands to, long step) {
        double product = 1;
        // what a product below 1e-9 subtracts from 1 is lost in a float
        for (long i = 1; i <= step && product > 1e-9; i++) {
            product *= mu(i);
        }
        double next = mu(step + 1);
        to.put(beta1)
                .put(beta2)
                .put(epsilon)
                .put((float) ((1 - mu(step)) / (1 - product)))
                .put((float) (next / (1 - product * next)))
                .put((float) (1 / Math.sqrt(Rule.correction(beta2, step))))
                .put(Rule.flag(decoupled));
    }

    private double mu(long step) {
        return beta1 * (1 - Math.pow(0.96, step * (double) momentumDecay) / 2);
    }
}
