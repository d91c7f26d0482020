package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A loss of whole sequences, which is told how long they are. A trainer hands it the padded batch; of ragged targets,
 * any other loss sees the steps that are no padding, one after another.
 */
public interface SequenceLoss extends Loss {
    /**
     * Computes the loss of a padded batch.
     *
     * @param lengths how many steps of each output count, I32 [n], or null for all
     * @param targetLengths how many steps of each target count, I32 [n], or null for all
     */
    Tensor of(Tensor output, Tensor target, @Nullable Tensor lengths, @Nullable Tensor targetLengths);

    /**
     * Returns what the mean of a padded batch is divided by, as {@link #weight(Tensor, Tensor)} does where nothing is
     * padded: the number of examples, unless a loss says otherwise. A loss that is a mean over steps returns the number
     * of those that count.
     *
     * @param lengths how many steps of each output count, I32 [n], or null for all
     * @param targetLengths how many steps of each target count, I32 [n], or null for all
     */
    default double weight(Tensor output, Tensor target, @Nullable Tensor lengths, @Nullable Tensor targetLengths) {
        return weight(output, target);
    }

    /**
     * Returns whether each step of an output has a target of its own, as a word has its tag. A trainer then asks for
     * ragged {@code x} and {@code y} of the same lengths, and its metrics see the steps that are no padding. Beside any
     * other loss of whole sequences, such as {@link CtcLoss}, it refuses metrics.
     */
    default boolean stepByStep() {
        return false;
    }

    /** Computes the loss where all steps count. */
    @Override
    default Tensor of(Tensor output, Tensor target) {
        return of(output, target, null, null);
    }
}
