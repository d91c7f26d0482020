package dev.fathom.train;

/**
 * What a {@link Trainer} tells while it works. Every method does nothing by default; they are called on the training thread, between
 * steps, so a slow callback slows training.
 */
public interface Callback {
    /** Called once, before the first step. */
    default void begin(Progress progress) {}

    /** Called after each step of the optimizer. */
    default void step(Progress progress) {}

    /** Called after each epoch and its validation. */
    default void epoch(Progress progress, EpochLog log) {}

    /**
     * Called once if {@code begin} returned, with the weights in their final state: after the last epoch, a stop or a failure, the failure of
     * another callback included.
     */
    default void end(Progress progress, History history) {}
}
