package dev.fathom.tensor;

import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/** Numbers that training changes: a segment of a model's flat block, with a gradient beside it. */
public final class Parameter extends Variable implements Target {
    /** A parameter that begins as {@code initializer} says, and has the same shape in files. */
    public Parameter(Shape shape, Initializer initializer) {
        super(shape, initializer);
    }

    /**
     * One whose dimensions are in another order in files: dimension i there is dimension {@code fileOrder[i]} here, as in {@link Tensor#permute}.
     * The filters of a convolution lie as [out, kh, kw, in] here and as [out, in, kh, kw] in files.
     *
     * @throws IllegalArgumentException unless the order names each dimension once
     */
    public Parameter(Shape shape, Initializer initializer, int... fileOrder) {
        super(shape, initializer, fileOrder);
    }

    /** Whether an optimizer may change it; {@code Model.freeze} decides. */
    public boolean trainable() {
        return bound() && store().isTrainable(index());
    }

    /** The gradient of the last backward, or null when there is none since the last step. */
    public @Nullable Tensor gradient() {
        return store().gradientTensor(index());
    }

    /**
     * The numbers of the rows outside of which the gradient is zero, ascending, where only ops that read rows of this parameter (an embedding's
     * {@link Tensor#take}) have reached it since the last step; null where the gradient is of the whole parameter, or there is none.
     */
    public int @Nullable [] gradientRows() {
        return store().gradientRows(index());
    }

    @Override
    public boolean wants(Tensor leaf) {
        return leaf.variable() == this;
    }
}
