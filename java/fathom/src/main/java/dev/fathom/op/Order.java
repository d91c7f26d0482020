package dev.fathom.op;

import dev.fathom.tensor.Tensor;

/** The order of values in {@link Tensor#sort(int, Order)}. */
public enum Order {
    /** The smallest value comes first, and NaN last. */
    ASCENDING,
    /** The largest value comes first, and NaN before it. */
    DESCENDING
}
