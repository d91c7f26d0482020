package dev.fathom.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when the loss, or the norm by which gradients are clipped, is NaN or infinite. Training stops before that step
 * changes the weights.
 */
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final transient Run run;

    private final transient @Nullable Path checkpoint;

    /**
     * Makes one for a training that is written without a {@link Trainer}, such as one that learns from rewards. It has
     * no checkpoint, and nothing was measured in its run.
     *
     * @param message what is not finite and where, in a sentence that says what to do
     */
    public NonFiniteLossException(String message, @Nullable Throwable cause) {
        this(message, new Run(), null, cause);
    }

    NonFiniteLossException(String message, Run run, @Nullable Path checkpoint, @Nullable Throwable cause) {
        super(checkpoint == null ? message : message + "; the last checkpoint is " + checkpoint, cause);
        this.run = run;
        this.checkpoint = checkpoint;
    }

    /** Returns the last checkpoint of the run, whose weights are finite; null if none was written. */
    public @Nullable Path checkpoint() {
        return checkpoint;
    }

    /** Returns the run, with the epochs that were finished before. */
    public Run run() {
        return run;
    }
}
