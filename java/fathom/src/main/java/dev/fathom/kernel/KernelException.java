package dev.fathom.kernel;

/** What a kernel found in the data it was given, in one sentence: the one place where native status becomes Java. */
public final class KernelException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** From the status and the detail words of {@code fathom.h}. */
    public KernelException(Object kernel, long status, long a, long b, long c) {
        super(message(kernel, status, a, b, c));
    }

    private static String message(Object kernel, long status, long a, long b, long c) {
        return switch ((int) status) {
            case 1 ->
                "label " + b + " at row " + a + " is outside [0, " + c
                        + "): labels are class numbers, one less than the logits' last dimension at most";
            case 2 ->
                "index " + b + " at row " + a + " is outside [0, " + c + "): give the number of a row that exists";
            default ->
                kernel + ": the library refused the command (status " + status + ", detail " + a + " " + b + " " + c
                        + "); the jar and the native library may be of different versions";
        };
    }
}
