package dev.fathom.tensor;

/**
 * The largest values of windows and their indices.
 *
 * @param values the largest value of each window, as {@link Tensor#maxPool} gives it
 * @param indices the I32 position of each value in its sequence [l] or image [h, w], counted row by row
 */
public record Pooled(Tensor values, Tensor indices) {}
