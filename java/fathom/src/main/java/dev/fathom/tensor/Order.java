package dev.fathom.tensor;

/** Which values come first in {@link Tensor#sort(int, Order)}. */
public enum Order {
    /** The smallest first, NaN last. */
    ASCENDING,
    /** The largest first, NaN before all. */
    DESCENDING
}
