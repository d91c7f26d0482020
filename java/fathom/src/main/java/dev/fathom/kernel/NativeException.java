package dev.fathom.kernel;

import org.jspecify.annotations.Nullable;

/** The native library cannot be used: the message says in one sentence why and what to do. */
public final class NativeException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    /** Makes one, for what Fathom's modules load. */
    public NativeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
