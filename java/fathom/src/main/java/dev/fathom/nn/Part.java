package dev.fathom.nn;

import dev.fathom.tensor.ParameterRange;

/**
 * A subnet's parameters, from {@link Model#part}: an optimizer of its own, a target of backward.
 *
 * @param range where they lie
 */
public record Part(ParameterRange range) implements Trainable {}
