package dev.fathom.tensor;

/**
 * The largest values of windows and their positions.
 *
 * @param values the largest of each window, as {@link Tensor#maxPool}
 * @param indices I32 of the same shape: the place of each in its sequence [l] or image [h, w], counted as h w
 */
public record Pooled(Tensor values, Tensor indices) {}
