package dev.fathom.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one parameter's gradient that may differ from zero, where only ops that read some of its rows (those of
 * an embedding) have reached it. Their values lie at their places in the block of gradients, and every other row there
 * is zero, so that the gradient is whole for whoever reads all of it. What is left of an earlier backward is set to
 * zero row by row: the cost follows the rows and not the parameter.
 */
final class GradientRows {
    /** A bit for each row: to look at those of a million is faster than to sort a few thousand numbers. */
    private final long[] present;
    /** The rows, ascending, since they were asked for: the step reads them, and so does the backward behind it. */
    private int @Nullable [] rows;

    /** No rows of a parameter that has {@code n}. */
    GradientRows(int n) {
        present = new long[(n + 63) / 64];
    }

    /** Adds the first {@code n} of these rows, which may come more than once and may be there already. */
    void add(int[] more, int n) {
        rows = null;
        for (int i = 0; i < n; i++) {
            present[more[i] >> 6] |= 1L << more[i];
        }
    }

    void clear() {
        rows = null;
        Arrays.fill(present, 0);
    }

    /** The rows, ascending, which the caller must not change. */
    int[] rows() {
        int[] known = rows;
        if (known != null) {
            return known;
        }
        int count = 0;
        for (long bits : present) {
            count += Long.bitCount(bits);
        }
        int[] all = new int[count];
        count = 0;
        for (int word = 0; word < present.length; word++) {
            for (long bits = present[word]; bits != 0; bits &= bits - 1) {
                all[count++] = (word << 6) + Long.numberOfTrailingZeros(bits);
            }
        }
        rows = all;
        return all;
    }
}
