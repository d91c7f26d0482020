package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Stochastic gradient descent: g += weightDecay w, and without momentum w -= lr g. With momentum there are three forms,
 * of which courses and libraries each call one the momentum method; they differ in what the velocity v sums, and so in
 * the learning rate that suits them:
 *
 * <ul>
 *   <li>{@link Velocity#GRADIENTS}, the default, as PyTorch's: v = momentum v + (1 - dampening) g (v = g at the first
 *       step); w -= lr (nesterov ? g + momentum v : v);
 *   <li>{@link Velocity#MEAN}: v = momentum v + (1 - momentum) g, from v = 0; w -= lr v;
 *   <li>{@link Velocity#STEPS}: v = momentum v - lr g; w += (nesterov ? momentum v - lr g : v), as Keras has it. While
 *       the rate changes, the steps that were taken keep the rate with which they were taken.
 * </ul>
 *
 * @param learningRate lr
 * @param momentum the factor of the velocity v, 0 for none
 * @param velocity what v sums
 * @param dampening the part of the gradient that does not enter v
 * @param nesterov whether to look ahead (Sutskever et al. 2013)
 * @param weightDecay the L2 penalty's factor
 */
public record Sgd(
        float learningRate, float momentum, Velocity velocity, float dampening, boolean nesterov, float weightDecay)
        implements WeightDecaying<Sgd> {
    /** What the velocity of momentum sums. */
    public enum Velocity {
        /** Gradients, each of them whole (PyTorch). */
        GRADIENTS,
        /** Gradients times 1 - momentum, which makes v their exponentially weighted mean. */
        MEAN,
        /** Steps: the learning rate is inside the velocity (Polyak 1964; Rumelhart et al. 1986). */
        STEPS
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a factor is negative, a mean's
     *     momentum is not below 1, nesterov lacks momentum, has dampening or a mean as velocity, or there is dampening
     *     of a velocity that does not sum gradients
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
        if (velocity == Velocity.MEAN && (nesterov || momentum >= 1)) {
            throw new IllegalArgumentException(
                    "SGD: a velocity that is a mean needs momentum below 1 and no nesterov but momentum=" + momentum
                            + " and nesterov=" + nesterov);
        }
        if (velocity != Velocity.GRADIENTS && dampening != 0) {
            throw new IllegalArgumentException("SGD: dampening=" + dampening
                    + " belongs to a velocity of GRADIENTS but this one sums " + velocity + "; leave it at 0");
        }
    }

    /** Uses plain gradient descent, without momentum and weight decay. */
    public Sgd(float learningRate) {
        this(learningRate, 0, Velocity.GRADIENTS, 0, false, 0);
    }

    /**
     * Uses a velocity that sums gradients, as PyTorch's.
     *
     * @throws IllegalArgumentException if a number is out of its range, or nesterov lacks momentum or has dampening
     */
    public Sgd(float learningRate, float momentum, float dampening, boolean nesterov, float weightDecay) {
        this(learningRate, momentum, Velocity.GRADIENTS, dampening, nesterov, weightDecay);
    }

    /**
     * Returns this optimizer with momentum: {@code new Sgd(0.1f).momentum(0.9f)}.
     *
     * @throws IllegalArgumentException if it is negative, or not below 1 where the velocity is a mean
     */
    public Sgd momentum(float m) {
        return Records.with(this, "momentum", m);
    }

    /**
     * Returns this optimizer with another form of momentum: {@code new
     * Sgd(0.1f).velocity(Velocity.MEAN).momentum(0.9f)}.
     *
     * @throws IllegalArgumentException if it does not go with dampening or nesterov
     */
    public Sgd velocity(Velocity sums) {
        return Records.with(this, "velocity", sums);
    }

    /**
     * Returns this optimizer with dampening d: each gradient is multiplied by 1 - d before it is added to the velocity.
     *
     * @throws IllegalArgumentException if it is negative, or the recipe is Nesterov's, or its velocity does not sum
     *     gradients
     */
    public Sgd dampening(float d) {
        return Records.with(this, "dampening", d);
    }

    /**
     * Returns this optimizer in Nesterov's form: {@code new Sgd(0.1f).momentum(0.9f).withNesterov()}.
     *
     * @throws IllegalArgumentException if it has no momentum, or has dampening, or its velocity is a mean
     */
    public Sgd withNesterov() {
        return Records.with(this, "nesterov", true);
    }

    @Override
    public int moments() {
        return momentum == 0 ? 0 : 1;
    }

    @Override
    public void step(Update update) {
        int v = momentum == 0 ? Rule.NONE : 0;
        float ahead = Rule.flag(nesterov);
        switch (velocity) {
            case GRADIENTS ->
                Rule.SGD.step(
                        update,
                        (to, step) -> to.put(momentum)
                                .put(momentum == 0 ? 0 : dampening)
                                .put(ahead)
                                .put(Rule.flag(step == 1)),
                        v);
            case MEAN -> Rule.SGD.step(update, (to, step) -> to.put(momentum).put(momentum), v);
            case STEPS ->
                Rule.MOMENTUM.step(update, (to, step) -> to.put(momentum).put(ahead), v);
        }
    }
}
