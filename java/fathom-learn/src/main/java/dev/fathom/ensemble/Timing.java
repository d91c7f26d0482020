package dev.fathom.ensemble;

import java.util.Arrays;

/**
 * How long an ensemble was trained.
 *
 * @param workers how many members were trained at once
 * @param seconds the wall time of all
 * @param members the wall time of each
 */
public record Timing(int workers, double seconds, double[] members) {
    /**
     * Returns how many times as fast this training was as the same by one worker. Only two measured times say this:
     * members that are trained at once slow each other down, as they share caches, memory and the processor's power.
     */
    public double speedup(Timing byOne) {
        return byOne.seconds / seconds;
    }

    /** Returns how many members were in training at a time, on average: the sum of their times by the time of all. */
    public double atOnce() {
        return Arrays.stream(members).sum() / seconds;
    }
}
