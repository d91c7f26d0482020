package dev.fathom.optim;

import dev.fathom.tree.Records;

/**
 * A recipe of the kind of {@link Adam}, with a moment of the gradients and one of their sizes.
 *
 * @param <O> the recipe, a record with the components {@code beta1}, {@code beta2}, {@code epsilon} and
 *     {@code weightDecay}
 */
public interface AdamVariant<O extends Record & AdamVariant<O>> extends Adaptive<O> {
    /**
     * Returns this optimizer with other decays of the two moments.
     *
     * @throws IllegalArgumentException if one is outside [0, 1)
     */
    @SuppressWarnings("unchecked") // O is the class of this
    default O betas(float first, float second) {
        return (O) Records.with((Record) this, "beta1", first, "beta2", second);
    }

    @Override
    default int moments() {
        return 2;
    }
}
