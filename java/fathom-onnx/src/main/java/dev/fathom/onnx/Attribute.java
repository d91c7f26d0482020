package dev.fathom.onnx;

import java.util.List;

/**
 * What a node is told beside its inputs.
 *
 * @param value a {@code Float}, {@code Long}, {@code String}, {@link Initializer}, {@link Graph}, {@code float[]},
 *     {@code long[]}, or a {@link List} of one of the others
 */
record Attribute(String name, Object value) {}
