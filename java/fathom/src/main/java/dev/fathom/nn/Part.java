package dev.fathom.nn;

import dev.fathom.tensor.Segments;

/**
 * A submodule's parameters, from {@link Model#part}: an optimizer of its own, a target of backward.
 *
 * @param segments where they lie
 */
public record Part(Segments segments) implements Trainable {}
