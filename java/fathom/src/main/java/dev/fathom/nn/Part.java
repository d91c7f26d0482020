package dev.fathom.nn;

/**
 * The parameters of a subnet, from {@link Model#part}. A part can have an optimizer of its own, and be a target of
 * backward.
 *
 * @param range the range of the model's block in which the parameters lie
 */
public record Part(ParameterRange range) implements Trainable {}
