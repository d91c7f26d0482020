package dev.fathom.kernel;

/**
 * There is no native memory for what was asked for: the process would pass its limit ({@code -Dfathom.memory}), or the
 * system refuses. What was there before is unharmed, so a program may close something, choose smaller sizes and go on.
 */
public final class NativeMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Says what was asked for and what helps. */
    public NativeMemoryException(String message) {
        super(message);
    }
}
