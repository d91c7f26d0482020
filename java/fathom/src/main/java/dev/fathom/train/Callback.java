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

    /** Called once, after the last epoch or an early stop, with the weights in their final state; also after a failure. */
    default void end(Progress progress, History history) {}
}
