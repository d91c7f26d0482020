package dev.fathom.optim;

import dev.fathom.kernel.Kernel;

/**
 * Adam (Kingma and Ba 2015), as PyTorch's: g += weightDecay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) at step t = 1, 2, ... The decay is divided by the root as the gradient is; see
 * {@link AdamW}.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param weightDecay the L2 penalty's factor, added to the gradient
 */
public record Adam(float learningRate, float beta1, float beta2, float epsilon, float weightDecay)
        implements Optimizer {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or another factor negative
     */
    public Adam {
        Checks.learningRate("Adam", learningRate);
        Checks.notNegative("Adam", "epsilon", epsilon);
        Checks.notNegative("Adam", "weightDecay", weightDecay);
        Checks.betas("Adam", beta1, beta2);
    }

    /** The usual numbers: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
    public Adam(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 0);
    }

    /**
     * A copy of this recipe with other decays of the two moments.
     *
     * @throws IllegalArgumentException if one is outside [0, 1)
     */
    public Adam betas(float first, float second) {
        return new Adam(learningRate, first, second, epsilon, weightDecay);
    }

    /**
     * A copy of this recipe with another number added to the root.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Adam epsilon(float e) {
        return new Adam(learningRate, beta1, beta2, e, weightDecay);
    }

    /**
     * A copy of this recipe with another weight decay.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Adam weightDecay(float decay) {
        return new Adam(learningRate, beta1, beta2, epsilon, decay);
    }

    @Override
    public int moments() {
        return 2;
    }

    @Override
    public void step(Update update) {
        run(update, beta1, beta2, epsilon, false);
    }

    static void run(Update update, float beta1, float beta2, float epsilon, boolean decoupled) {
        update.counted(step -> run(update, step, beta1, beta2, epsilon, decoupled));
    }

    private static void run(Update update, long step, float beta1, float beta2, float epsilon, boolean decoupled) {
        // of the very floats with which the kernel averages: 1 - 0.999f is 1.3e-5 below 1 - 0.999, and the first steps
        // would show it
        double correction1 = 1 - Math.pow(beta1, (double) step);
        double correction2 = 1 - Math.pow(beta2, (double) step);
        update.begin(Kernel.ADAM)
                .at(update.moment(0))
                .at(update.moment(1))
                .put(beta1)
                .put(beta2)
                .put(epsilon)
                .put((float) (1 / correction1))
                .put((float) (1 / Math.sqrt(correction2)))
                .put(decoupled ? 1 : 0)
                .run();
    }
}
