package dev.fathom.tensor;

import dev.fathom.tree.Inline;

/**
 * What a step gives.
 *
 * @param output such as the logits of what follows
 * @param state with which the next step begins
 */
public record Next(Tensor output, @Inline State state) {}
