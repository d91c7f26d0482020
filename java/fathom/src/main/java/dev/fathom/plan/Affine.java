package dev.fathom.plan;

import org.jspecify.annotations.Nullable;

/**
 * An integer of a plan as a function of the batch: constant + slope batch.
 *
 * @param constant its value at batch 0
 * @param slope how much each example adds
 */
record Affine(long constant, long slope) {
    static final Affine ZERO = new Affine(0, 0);

    long at(long batch) {
        return constant + slope * batch;
    }

    Affine minus(Affine other) {
        return new Affine(constant - other.constant, slope - other.slope);
    }

    /** The line through the values measured at these batch sizes, or null if there is none over the integers. */
    static @Nullable Affine through(int[] batches, long[] values) {
        if (batches.length == 1) {
            return new Affine(values[0], 0);
        }
        long rise = values[1] - values[0];
        int run = batches[1] - batches[0];
        if (rise % run != 0) {
            return null;
        }
        Affine line = new Affine(values[0] - rise / run * batches[0], rise / run);
        for (int i = 2; i < batches.length; i++) {
            if (line.at(batches[i]) != values[i]) {
                return null;
            }
        }
        return line;
    }
}
