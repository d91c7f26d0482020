package dev.fathom.optim;

import dev.fathom.command.Commands;
import dev.fathom.tree.Records;

/**
 * Rectified Adam (Liu et al. 2020), as PyTorch's: g += weightDecay w; m and v as in {@link Adam}; rho = r - 2 t beta2^t
 * / (1 - beta2^t) with r = 2 / (1 - beta2) - 1 counts the gradients of which v is a mean. While rho is at most 5, w -=
 * lr m', with m' = m / (1 - beta1^t); then w -= lr m' c sqrt(1 - beta2^t) / (sqrt(v) + epsilon) with c^2 = (rho - 4)
 * (rho - 2) r / ((r - 4) (r - 2) rho), which does the work of a warm-up.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param weightDecay the L2 penalty's factor, added to the gradient
 * @param decoupled whether the decay is that of {@link AdamW} instead
 */
public record RAdam(float learningRate, float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled)
        implements AdamVariant<RAdam> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     another factor negative
     */
    public RAdam {
        Rule.check("RAdam", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the usual numbers: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
    public RAdam(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 0, false);
    }

    /**
     * Returns this optimizer with the weight decay of {@link AdamW}, w -= lr weightDecay w, which the root does not
     * divide.
     */
    public RAdam withDecoupledDecay() {
        return Records.with(this, "decoupled", true);
    }

    @Override
    public void step(Update update) {
        Rule.RADAM.step(update, this::write, 0, 1);
    }

    private void write(Commands to, long step) {
        double corrected = Rule.correction(beta2, step);
        double most = 2 / (1 - (double) beta2) - 1;
        double rho = most - 2 * step * (1 - corrected) / corrected;
        boolean known = rho > 5;
        double factor = 1 / Rule.correction(beta1, step);
        if (known) {
            factor *= Math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho) * corrected);
        }
        to.put(beta1)
                .put(beta2)
                .put(epsilon)
                .put((float) factor)
                .put(Rule.flag(known))
                .put(Rule.flag(decoupled));
    }
}
