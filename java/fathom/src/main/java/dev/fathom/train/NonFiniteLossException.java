package dev.fathom.train;

/** The loss became NaN or infinite: training stopped before the weights took it up. */
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final transient History history;

    NonFiniteLossException(String message, History history) {
        super(message);
        this.history = history;
    }

    /** The epochs that were finished before. */
    public History history() {
        return history;
    }
}
