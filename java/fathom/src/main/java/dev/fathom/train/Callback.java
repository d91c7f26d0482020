package dev.fathom.train;

import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.util.List;

/**
 * Hears of the progress of a {@link Trainer}. Every method does nothing by default. The methods are called on the
 * training thread, between steps unless they say otherwise, so a slow callback slows training.
 */
public interface Callback {
    /** Called before the first step, once each time that the run begins or is resumed. */
    default void onTrainBegin(Run run) {}

    /**
     * Called before the forward of each batch that completes a step of the optimizer, inside its pass. Of a batch in
     * {@linkplain Trainer#shards shards} it is the pass of the first one, and the others begin later.
     */
    default void onForwardBegin(Run run, Pass pass) {}

    /**
     * Called after the backward of each batch that completes a step of the optimizer, inside its pass: the gradients
     * are complete, and the optimizer has not used them yet.
     */
    default void onBackwardEnd(Run run, Model<?> model) {}

    /** Called after each batch; if the batch completes a step of the optimizer, after that step. */
    default void onStepEnd(Run run) {}

    /** Called after each epoch and its validation. */
    default void onEpochEnd(Run run, EpochLog log) {}

    /**
     * Called once for each {@code onTrainBegin} that returned, when the model holds the weights that the run leaves:
     * after the last epoch, a stop or a failure, including the failure of another callback.
     */
    default void onTrainEnd(Run run) {}

    /**
     * Returns a factor of the schedule's learning rate for the next epoch, which follows from the results so far;
     * {@link Newbob} and {@link ReduceOnPlateau} are examples. It is asked once before each epoch and must depend on
     * its arguments alone, so that a run which is resumed has the rates it would have had. The factors of all callbacks
     * are multiplied.
     *
     * @param monitor the figure by which the best epoch is chosen
     * @param finished the epochs before that epoch
     */
    default double rateFactor(Monitor monitor, List<EpochLog> finished) {
        return 1;
    }

    /**
     * Returns whether the callback makes sense only with validation data. A {@code fit} without them is refused then,
     * unless {@link Trainer#keepBest(String)} has named the figure to go by.
     */
    default boolean needsValidation() {
        return false;
    }

    /**
     * Returns whether a trainer with this callback restores the weights of the best epoch at the end, as
     * {@link Trainer#keepBest} does.
     */
    default boolean keepsBest() {
        return false;
    }
}
