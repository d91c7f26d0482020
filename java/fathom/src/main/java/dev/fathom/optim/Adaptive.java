package dev.fathom.optim;

import dev.fathom.tree.Records;

/**
 * A recipe that divides each step by the size of the gradients so far, to which epsilon is added.
 *
 * @param <O> the recipe, a record with the components {@code epsilon} and {@code weightDecay}
 */
public interface Adaptive<O extends Record & Adaptive<O>> extends WeightDecaying<O> {
    /**
     * Returns this optimizer with another epsilon, which its formula adds.
     *
     * @throws IllegalArgumentException if it is negative, or 0 where the recipe needs more
     */
    @SuppressWarnings("unchecked") // O is the class of this
    default O epsilon(float e) {
        return (O) Records.with((Record) this, "epsilon", e);
    }
}
