package dev.fathom.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a plan's free dimensions in one trace or session.
 *
 * @param batch of {@link Dim#BATCH}, 0 where no input has it
 * @param length of {@link Dim#LENGTH}, 0 where no input has it
 */
record Sizes(int batch, int length) {
    /** No two of these numbers are equal, so that no op takes the batch for the length. */
    private static final int[] BATCHES = {2, 3, 5, 7};

    private static final int[] LENGTHS = {16, 17, 21, 19};

    /**
     * The sizes at which a function is traced: neighbors, which fix a {@link Bilinear} function, and one or two more, which refute a curve; so does the default
     * batch, unless it is 1, where dimensions merge.
     */
    static List<Sizes> traced(boolean anyBatch, boolean anyLength, int defaultBatch) {
        List<Sizes> sizes = new ArrayList<>();
        for (int[] step : new int[][] {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 2}, {3, 3}}) {
            if (step[0] == 3 && !(anyBatch && anyLength)) {
                continue;
            }
            sizes.add(new Sizes(anyBatch ? BATCHES[step[0]] : 0, anyLength ? LENGTHS[step[1]] : 0));
        }
        if (anyBatch && defaultBatch > 1) {
            sizes.add(new Sizes(defaultBatch, anyLength ? LENGTHS[0] : 0));
        }
        return sizes.stream().distinct().toList();
    }

    /** The names of the free dimensions, for messages. */
    String names() {
        return length == 0 ? "batch size" : batch == 0 ? "length" : "batch size and length";
    }

    /** The names of those that are not the same in {@code other}. */
    String namesOfChanges(Sizes other) {
        return new Sizes(batch == other.batch ? 0 : batch, length == other.length ? 0 : length).names();
    }

    /** {@code batch 2 and length 16}: those that are free, or batch 1. */
    @Override
    public String toString() {
        return batch == 0 && length == 0
                ? "batch 1"
                : (batch == 0 ? "" : "batch " + batch)
                        + (batch == 0 || length == 0 ? "" : " and ")
                        + (length == 0 ? "" : "length " + length);
    }
}
