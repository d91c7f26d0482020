package dev.fathom.parameter;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;

/** The first values of a {@link Parameter} or {@link Buffer}, drawn when a model is made. */
@FunctionalInterface
public interface Initializer {
    /** Returns {@code shape.size()} values in row-major order. */
    float[] values(Shape shape, Rng rng);
}
