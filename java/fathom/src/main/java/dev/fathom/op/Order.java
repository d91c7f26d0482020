package dev.fathom.op;

import dev.fathom.tensor.Tensor;

/** Which values come first in {@link Tensor#sort(int, Order)}. */
public enum Order {
    /** The smallest first, NaN last. */
    ASCENDING,
    /** The largest first, NaN before all. */
    DESCENDING
}
