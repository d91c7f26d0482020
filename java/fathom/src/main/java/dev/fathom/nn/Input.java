package dev.fathom.nn;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * An input of a net, for {@link Model#summary(Input...)}: F32, or I32 where a net takes tokens.
 *
 * @param dtype the element type
 * @param shape the dimensions, the batch first
 */
public record Input(DType dtype, Shape shape) {
    /** Floats of these dimensions. */
    public static Input floats(int... dims) {
        return new Input(DType.F32, Shape.of(dims));
    }

    /** Integers of these dimensions, such as tokens [n, length]. */
    public static Input ints(int... dims) {
        return new Input(DType.I32, Shape.of(dims));
    }
}
