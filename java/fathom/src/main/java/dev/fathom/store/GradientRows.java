package dev.fathom.store;

import java.util.Arrays;

/**
 * The rows of one parameter's gradient that may differ from zero, where only ops that read some of its rows (those of an embedding) have reached
 * it. Their values lie at their places in the block of gradients, and every other row there is zero, so that the gradient is whole for whoever
 * reads all of it. What is left of an earlier backward is set to zero row by row: the cost follows the rows and not the parameter.
 */
final class GradientRows {
    private final long[] present;
    private int[] rows = new int[16];
    private int count;
    private boolean sorted;

    /** No rows of a parameter that has {@code n}. */
    GradientRows(int n) {
        present = new long[(n + 63) / 64];
    }

    /** Adds rows, which may come more than once and may be there already. */
    void add(int[] more) {
        for (int row : more) {
            long bit = 1L << (row & 63);
            if ((present[row >> 6] & bit) == 0) {
                present[row >> 6] |= bit;
                if (count == rows.length) {
                    rows = Arrays.copyOf(rows, 2 * count);
                }
                rows[count++] = row;
            }
        }
        sorted = false;
    }

    void clear() {
        for (int i = 0; i < count; i++) {
            present[rows[i] >> 6] = 0;
        }
        count = 0;
    }

    /** The rows, ascending. */
    int[] rows() {
        sort();
        return Arrays.copyOf(rows, count);
    }

    private void sort() {
        if (!sorted) {
            Arrays.sort(rows, 0, count);
            sorted = true;
        }
    }

    /** Neighboring rows. */
    @FunctionalInterface
    interface Run {
        void of(int first, int n);
    }

    /** Gives the rows to {@code action}, ascending, as few runs of neighbors. */
    void runs(Run action) {
        sort();
        for (int i = 0, end; i < count; i = end) {
            end = i + 1;
            while (end < count && rows[end] == rows[end - 1] + 1) {
                end++;
            }
            action.of(rows[i], end - i);
        }
    }
}
