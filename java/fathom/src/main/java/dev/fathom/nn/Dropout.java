package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * In training, zeroes each element with probability p, independently (Srivastava et al. 2014).
 *
 * <p>The inverted form (the usual one) multiplies the survivors by 1 / (1 - p) and is the identity in evaluation. The
 * plain form of textbooks leaves survivors as they are and multiplies by 1 - p in evaluation.
 *
 * @param p the probability to drop, in [0, 1)
 * @param inverted whether survivors are scaled in training (the usual form) or everything is scaled in evaluation
 */
public record Dropout(float p, boolean inverted) implements StepwiseLayer {
    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Dropout {
        Checks.dropProbability("Dropout", "p", p);
    }

    /** Makes the inverted form, which scales in training. */
    public Dropout(float p) {
        this(p, true);
    }

    /**
     * Returns the textbook's form, which leaves survivors as they are in training and multiplies by 1 - p in
     * evaluation.
     */
    public static Dropout plain(float p) {
        return new Dropout(p, false);
    }

    @Override
    public Tensor forward(Tensor x) {
        if (Pass.current().training()) {
            return p == 0 ? x : x.dropout(p, inverted ? 1 / (1 - p) : 1);
        }
        return inverted || p == 0 ? x : x.mul(1 - p);
    }
}
