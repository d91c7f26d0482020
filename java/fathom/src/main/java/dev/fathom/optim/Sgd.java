package dev.fathom.optim;

import dev.fathom.kernel.Kernel;

/**
 * Stochastic gradient descent, as PyTorch's: g += weightDecay w; v = momentum v + (1 - dampening) g (v = g at the first step); w -= lr (nesterov ?
 * g + momentum v : v). Without momentum, w -= lr g.
 *
 * @param learningRate lr
 * @param momentum the factor of the velocity v, 0 for none
 * @param dampening the part of the gradient that does not enter v
 * @param nesterov whether to look ahead (Sutskever et al. 2013)
 * @param weightDecay the L2 penalty's factor
 */
public record Sgd(float learningRate, float momentum, float dampening, boolean nesterov, float weightDecay)
        implements Optimizer {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a factor is negative, or nesterov lacks momentum or has
     *     dampening
     */
    public Sgd {
        Checks.learningRate("SGD", learningRate);
        Checks.notNegative("SGD", "momentum", momentum);
        Checks.notNegative("SGD", "dampening", dampening);
        Checks.notNegative("SGD", "weightDecay", weightDecay);
        if (nesterov && (momentum <= 0 || dampening != 0)) {
            throw new IllegalArgumentException("SGD: nesterov needs momentum above 0 and dampening 0 but momentum="
                    + momentum + " and dampening=" + dampening);
        }
    }

    /** Uses plain gradient descent, without momentum and weight decay. */
    public Sgd(float learningRate) {
        this(learningRate, 0, 0, false, 0);
    }

    /**
     * Returns this optimizer with momentum: {@code new Sgd(0.1f).momentum(0.9f)}.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Sgd momentum(float m) {
        return new Sgd(learningRate, m, dampening, nesterov, weightDecay);
    }

    /**
     * Returns this optimizer with dampening d: each gradient is multiplied by 1 - d before it is added to the velocity.
     *
     * @throws IllegalArgumentException if it is negative, or the recipe is Nesterov's
     */
    public Sgd dampening(float d) {
        return new Sgd(learningRate, momentum, d, nesterov, weightDecay);
    }

    /**
     * Returns this optimizer in Nesterov's form: {@code new Sgd(0.1f).momentum(0.9f).withNesterov()}.
     *
     * @throws IllegalArgumentException if it has no momentum, or has dampening
     */
    public Sgd withNesterov() {
        return new Sgd(learningRate, momentum, dampening, true, weightDecay);
    }

    /**
     * Returns this optimizer with another weight decay.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Sgd weightDecay(float decay) {
        return new Sgd(learningRate, momentum, dampening, nesterov, decay);
    }

    @Override
    public int moments() {
        return momentum == 0 ? 0 : 1;
    }

    @Override
    public void step(Update update) {
        update.counted(step -> update.begin(Kernel.SGD)
                .at(momentum == 0 ? 0 : update.moment(0))
                .put(momentum)
                .put(dampening)
                .put(nesterov ? 1 : 0)
                .put(step == 1 ? 1 : 0)
                .run());
    }
}
