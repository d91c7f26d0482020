package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * RMSprop (Tieleman and Hinton 2012), as PyTorch's: g += weightDecay w; s = alpha s + (1 - alpha) g^2; w -= lr g /
 * (sqrt(s) + epsilon). If centered (Graves 2013), with m = alpha m + (1 - alpha) g, the root is that of the variance s
 * - m^2. With momentum, v = momentum v + g / (root + epsilon); w -= lr v.
 *
 * <p>If rounding takes the variance of a steady gradient below 0, it counts as 0; PyTorch's step is NaN there.
 *
 * @param learningRate lr
 * @param alpha decay of the moments, in [0, 1)
 * @param epsilon added to the root
 * @param momentum the factor of the velocity v, 0 for none
 * @param centered whether the mean m is subtracted
 * @param weightDecay the L2 penalty's factor, added to the gradient
 */
public record RmsProp(
        float learningRate, float alpha, float epsilon, float momentum, boolean centered, float weightDecay)
        implements Adaptive<RmsProp> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, alpha outside [0, 1), or
     *     another factor negative
     */
    public RmsProp {
        Checks.learningRate("RMSprop", learningRate);
        Checks.notNegative("RMSprop", "epsilon", epsilon);
        Checks.notNegative("RMSprop", "momentum", momentum);
        Checks.notNegative("RMSprop", "weightDecay", weightDecay);
        Checks.in("RMSprop", "alpha", alpha, "[0, 1)");
    }

    /** Uses the usual numbers: alpha 0.99, epsilon 1e-8, not centered, no momentum, no weight decay. */
    public RmsProp(float learningRate) {
        this(learningRate, 0.99f, 1e-8f, 0, false, 0);
    }

    /**
     * Returns this optimizer with another decay of the moments.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public RmsProp alpha(float decay) {
        return Records.with(this, "alpha", decay);
    }

    /**
     * Returns this optimizer with momentum of the steps.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public RmsProp momentum(float m) {
        return Records.with(this, "momentum", m);
    }

    /**
     * Returns this optimizer in its centered form, which divides by the root of the gradient's variance instead of its
     * mean square.
     */
    public RmsProp withCentering() {
        return Records.with(this, "centered", true);
    }

    @Override
    public int moments() {
        return 1 + (centered ? 1 : 0) + (momentum == 0 ? 0 : 1);
    }

    @Override
    public void step(Update update) {
        Rule.RMSPROP.step(
                update,
                (to, step) -> to.put(alpha).put(epsilon).put(momentum).put(Rule.flag(centered)),
                0,
                centered ? 1 : Rule.NONE,
                momentum == 0 ? Rule.NONE : moments() - 1);
    }
}
