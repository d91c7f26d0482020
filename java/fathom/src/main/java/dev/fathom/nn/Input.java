package dev.fathom.nn;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * The type and shape of an input of a net, for {@link Model#summary(Input...)}. An input is F32, or I32 where the net
 * takes tokens.
 *
 * @param dtype the element type
 * @param shape the dimensions, the batch first
 */
public record Input(DType dtype, Shape shape) {
    /** Describes an F32 input of these dimensions, the batch first. */
    public static Input floats(int... dims) {
        return new Input(DType.F32, Shape.of(dims));
    }

    /** Describes an I32 input of these dimensions, the batch first, such as tokens [n, length]. */
    public static Input ints(int... dims) {
        return new Input(DType.I32, Shape.of(dims));
    }
}
