package dev.fathom.recurrent;

import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a recurrent layer carries from step to step.
 *
 * @param hidden the hidden states [n, layers * directions, hidden]: of each layer, the forward direction first
 * @param cell the cell states of the same shape, or null for a cell that has none
 */
public record State(Tensor hidden, @Nullable Tensor cell) {}
