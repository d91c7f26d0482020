package dev.fathom.op;

/** The order of values in {@code Tensor.sort}. */
public enum Order {
    /** The smallest value comes first, and NaN last. */
    ASCENDING,
    /** The largest value comes first, and NaN before it. */
    DESCENDING
}
