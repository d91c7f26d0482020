package dev.fathom.kernel;

import java.util.Set;

/** What a kernel found in the data it was given, in one sentence: the one place where native status becomes Java. */
public final class KernelException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;
    /** Statuses of {@code fathom.h}. */
    private static final int BAD_LABEL = 1;

    private static final int BAD_INDEX = 2;
    private static final int BAD_LENGTH = 4;
    private static final int BAD_BLANK = 5;
    private static final int NO_STEPS = 6;
    private static final int BAD_WORD = 7;
    private static final int BAD_DIVISOR = 8;
    private static final int LONG_SUM = 9;

    /** Kernels whose only index is where the tokens of a step begin. */
    private static final Set<Object> PLACED =
            Set.of(Kernel.PUT_ROWS, Kernel.ATTENTION, Kernel.ATTENTION_GRAD, Kernel.ROTARY);

    private final long row;
    private final long found;
    private final long bound;

    /**
     * From the status of {@code fathom.h} and its detail: for a bad label or index its row, itself, and what it must
     * stay below; for a bad length its row, itself, and the most; for a blank among labels its row, its place there,
     * and itself; for a word that names nothing the kernel, its place, and itself; for a sum of too many terms the
     * kernel, their number, and the most.
     */
    public KernelException(Object kernel, long status, long row, long found, long bound) {
        super(message(kernel, status, row, found, bound));
        this.row = row;
        this.found = found;
        this.bound = bound;
    }

    /** The row that the message names. */
    public long row() {
        return row;
    }

    /** The label, index or length that the message names. */
    public long found() {
        return found;
    }

    /** What the label or index that the message names must stay below, or the most that the length may be. */
    public long bound() {
        return bound;
    }

    private static String message(Object kernel, long status, long row, long found, long bound) {
        return switch ((int) status) {
            case BAD_LABEL ->
                "label " + found + " at row " + row + " is outside [0, " + bound
                        + "): labels are class numbers, one less than the logits' last dimension at most";
            case BAD_INDEX ->
                PLACED.contains(kernel)
                        ? bound <= 0
                                ? "there are more tokens than the cache or the position table holds; make it larger,"
                                        + " or give fewer at once"
                                : "past " + found + " at row " + row + " is outside [0, " + (bound - 1)
                                        + "]: past counts the tokens before the given ones, and after so many the"
                                        + " cache or the position table has no room for these; make it larger, or"
                                        + " start a new sequence with past 0"
                        : "index " + found + " at row " + row + " is outside [0, " + bound
                                + "): give the number of a row that exists";
            case BAD_LENGTH ->
                "length " + found + " at row " + row + " is outside [0, " + bound
                        + "]: lengths count the steps of a row that are no padding";
            case BAD_BLANK ->
                "label " + bound + " at place " + found + " of row " + row
                        + " is the blank, which is no label; leave it out, or choose another blank";
            case NO_STEPS -> "the length of row " + row + " is 0; a sequence has at least one step, so leave it out";
            case BAD_WORD ->
                kernel + " takes one of an enumeration as argument word " + found + " but " + bound
                        + " is none of it; write the number of a row, a kind or a mode that exists";
            case BAD_DIVISOR ->
                "element " + row + " of b is 0, and no integer is divided by 0; give another divisor there, or convert"
                        + " both to F32";
            case LONG_SUM ->
                kernel + " would sum " + found + " products of int8, but a sum of more than " + bound
                        + " may not fit into an int32; keep this layer in F32";
            default ->
                kernel + ": the library refused the command (status " + (int) status + ", detail " + row + " " + found
                        + " " + bound + "); the jar and the native library may be of different versions";
        };
    }
}
