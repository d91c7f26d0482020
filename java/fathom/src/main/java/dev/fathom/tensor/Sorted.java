package dev.fathom.tensor;

/**
 * Sorted values, and the indices that they had before.
 *
 * @param values the values along the dimension that was sorted
 * @param indices the I32 index that each value had along that dimension
 */
public record Sorted(Tensor values, Tensor indices) {}
