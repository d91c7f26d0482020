package dev.fathom.op;

/** How {@code Tensor.scatter} joins an update to the value at its place. */
public enum Scatter {
    /** The update takes the place of the value, and of several updates the last in the order of the index. */
    SET,
    /** The sum. */
    ADD,
    /** The product; no gradient. */
    MUL,
    /** The larger one; NaN wins; no gradient. */
    MAX,
    /** The smaller one; NaN wins; no gradient. */
    MIN
}
