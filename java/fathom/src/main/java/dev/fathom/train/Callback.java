package dev.fathom.train;

import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;

/**
 * What a {@link Trainer} tells while it works. Every method does nothing by default; they are called on the training thread, between
 * steps unless they say otherwise, so a slow callback slows training.
 */
public interface Callback {
    /** Called once, before the first step. */
    default void onTrainBegin(Progress progress) {}

    /** Called inside the pass of the batch that completes a step of the optimizer, before its forward. */
    default void onForwardBegin(Progress progress, Pass pass) {}

    /** Called inside the same pass after its backward: the gradients are complete, and the optimizer has not used them yet. */
    default void onBackwardEnd(Progress progress, Model<?> model) {}

    /** Called after each batch, and after the step of the optimizer that it completes. */
    default void onStepEnd(Progress progress) {}

    /** Called after each epoch and its validation. */
    default void onEpochEnd(Progress progress, EpochLog log) {}

    /**
     * Called once if {@code onTrainBegin} returned, with the weights in their final state: after the last epoch, a stop or a failure, the failure of
     * another callback included.
     */
    default void onTrainEnd(Progress progress, History history) {}

    /** Whether a trainer with this callback restores the weights of the best epoch at the end, as {@link Trainer#keepBest} does. */
    default boolean keepsBest() {
        return false;
    }
}
