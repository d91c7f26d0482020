package dev.fathom.tensor;

/**
 * Values in order and where they were.
 *
 * @param values the values along the dimension that was sorted
 * @param indices I32 of the same shape: the place of each along that dimension
 */
public record Sorted(Tensor values, Tensor indices) {}
