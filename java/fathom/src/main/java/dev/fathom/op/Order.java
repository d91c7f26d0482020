package dev.fathom.op;

/** Which values come first in {@code Tensor.sort}. */
public enum Order {
    /** The smallest first, NaN last. */
    ASCENDING,
    /** The largest first, NaN before all. */
    DESCENDING
}
