package dev.fathom.parameter;

import dev.fathom.op.Shape;
import dev.fathom.store.Place;
import dev.fathom.tensor.Target;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Numbers that training changes: a segment of a model's flat block, with a gradient beside it. */
public final class Parameter extends Variable implements Target {
    /** Makes a parameter that begins as {@code initializer} says and has the same shape in files. */
    public Parameter(Shape shape, Initializer initializer) {
        super(shape, initializer);
    }

    /**
     * Makes a parameter whose dimensions have another order in files: dimension i there is dimension
     * {@code fileOrder[i]} here, as in {@link Tensor#permute}. The filters of a convolution, for example, are [out, kh,
     * kw, in] here and [out, in, kh, kw] in files.
     *
     * @throws IllegalArgumentException unless the order names each dimension once
     */
    public Parameter(Shape shape, Initializer initializer, int... fileOrder) {
        super(shape, initializer, fileOrder);
    }

    /** Returns whether an optimizer may change it; {@code Model.freeze} decides. */
    public boolean trainable() {
        return bound() && place().trainable();
    }

    /** Returns the gradient since the last step, or null if no backward has reached the parameter since. */
    public @Nullable Tensor gradient() {
        return place().store().gradient(place().index());
    }

    /**
     * Returns the ascending numbers of the rows outside of which the gradient is zero, if only ops that read rows of
     * this parameter (such as {@link Tensor#take} of an embedding) have reached it since the last step. It returns null
     * if the gradient is that of the whole parameter, or if there is none.
     */
    public int @Nullable [] gradientRows() {
        int[] rows = place().store().gradientRows(place().index());
        return rows == null ? null : rows.clone();
    }

    @Override
    protected boolean trained() {
        return true;
    }

    @Override
    public boolean wants(Tensor leaf) {
        return bound() && Place.of(leaf) == place();
    }
}
