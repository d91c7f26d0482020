package dev.fathom.train;

import org.jspecify.annotations.Nullable;

/** The loss, or the norm by which gradients are clipped, became NaN or infinite: training stopped before the weights took it up. */
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final transient History history;

    NonFiniteLossException(String message, History history, @Nullable Throwable cause) {
        super(message, cause);
        this.history = history;
    }

    /** The epochs that were finished before. */
    public History history() {
        return history;
    }
}
