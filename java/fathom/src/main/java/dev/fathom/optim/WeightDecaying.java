package dev.fathom.optim;

import dev.fathom.tree.Records;

/**
 * A recipe whose weights can decay.
 *
 * @param <O> the recipe, a record with the component {@code weightDecay}
 */
public interface WeightDecaying<O extends Record & WeightDecaying<O>> extends Optimizer {
    /**
     * Returns this optimizer with another weight decay.
     *
     * @throws IllegalArgumentException if it is negative
     */
    @SuppressWarnings("unchecked") // O is the class of this
    default O weightDecay(float decay) {
        return (O) Records.with((Record) this, "weightDecay", decay);
    }
}
