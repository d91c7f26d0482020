package dev.fathom.tensor;

import dev.fathom.op.Activation;

/**
 * The result of {@link Tensor#batchNorm(Operand, Operand, float, Tensor, Activation)}.
 *
 * @param y the normalized batch
 * @param mean the mean of each channel [c], a constant
 * @param variance its biased variance [c], a constant
 */
public record Normalized(Tensor y, Tensor mean, Tensor variance) {}
