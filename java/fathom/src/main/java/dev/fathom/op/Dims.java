package dev.fathom.op;

/**
 * Says what happens to the dimensions that a reduction reduces. They disappear unless {@link #KEEP} is given:
 * {@code x.mean(1)} of [3, 4, 5] is [3, 5] and {@code x.mean(Dims.KEEP, 1)} is [3, 1, 5], which broadcasts against x.
 */
public enum Dims {
    /** They stay, with size 1. */
    KEEP
}
