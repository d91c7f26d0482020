package dev.fathom.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The loss, or the norm by which gradients are clipped, became NaN or infinite: training stopped before the weights took it up. */
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final transient History history;

    private final transient @Nullable Path checkpoint;

    NonFiniteLossException(String message, History history, @Nullable Path checkpoint, @Nullable Throwable cause) {
        super(checkpoint == null ? message : message + "; the last checkpoint is " + checkpoint, cause);
        this.history = history;
        this.checkpoint = checkpoint;
    }

    /** The last checkpoint of the run, whose weights are finite; null where none was written. */
    public @Nullable Path checkpoint() {
        return checkpoint;
    }

    /** The epochs that were finished before. */
    public History history() {
        return history;
    }
}
