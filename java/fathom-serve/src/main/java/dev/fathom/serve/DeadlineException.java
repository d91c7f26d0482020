package dev.fathom.serve;

/** A request that was not run before its deadline. Nothing was computed for it. */
public final class DeadlineException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DeadlineException(String message) {
        super(message);
    }
}
