package dev.fathom.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when the loss, or the norm by which gradients are clipped, is NaN or infinite. Training stops before that step
 * changes the weights.
 */
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final transient History history;

    private final transient @Nullable Path checkpoint;

    /**
     * Makes one for a training that is written without a {@link Trainer}, such as one that learns from rewards. It has
     * no checkpoint, and its history is empty.
     *
     * @param message what is not finite and where, in a sentence that says what to do
     */
    public NonFiniteLossException(String message, @Nullable Throwable cause) {
        this(message, new History(), null, cause);
    }

    NonFiniteLossException(String message, History history, @Nullable Path checkpoint, @Nullable Throwable cause) {
        super(checkpoint == null ? message : message + "; the last checkpoint is " + checkpoint, cause);
        this.history = history;
        this.checkpoint = checkpoint;
    }

    /** Returns the last checkpoint of the run, whose weights are finite; null if none was written. */
    public @Nullable Path checkpoint() {
        return checkpoint;
    }

    /** Returns the history of the epochs that were finished before. */
    public History history() {
        return history;
    }
}
