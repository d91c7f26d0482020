package dev.fathom.kernel;

/** The native library cannot be used: the message says in one sentence why and what to do. */
public final class NativeException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    NativeException(String message, Throwable cause) {
        super(message, cause);
    }
}
