package dev.fathom.parameter;

import dev.fathom.autograd.Backward;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/**
 * Numbers that persist but are not trained, such as statistics, averages or carried state. They lie in the model's
 * block and in its files.
 *
 * <p>{@link #update} takes effect when backward has succeeded, so a failed step leaves no trace, and a recomputed layer
 * does not update twice.
 */
public final class Buffer extends Variable {
    private final boolean derived;

    /** Makes a buffer that begins as {@code initializer} says. */
    public Buffer(Shape shape, Initializer initializer) {
        this(shape, initializer, false);
    }

    private Buffer(Shape shape, Initializer initializer, boolean derived) {
        super(shape, initializer);
        this.derived = derived;
    }

    /**
     * Makes a buffer whose values follow from the settings of its net, such as a table of positions: a file that lacks
     * it loads all the same.
     */
    public static Buffer derived(Shape shape, Initializer initializer) {
        return new Buffer(shape, initializer, true);
    }

    /** Returns whether {@link #derived(Shape, Initializer)} made it. */
    public boolean derived() {
        return derived;
    }

    /**
     * Sets the value to {@code next} when the next backward succeeds. It does nothing in a pass that is not in training
     * mode.
     *
     * @throws IllegalArgumentException if the shapes differ, or {@code next} is not F32
     */
    public void update(Tensor next) {
        if (!next.shape().equals(shape())) {
            throw new IllegalArgumentException("buffer " + name() + ": update " + next.shape() + " but the buffer is "
                    + shape() + "; give a tensor of the buffer's shape");
        }
        if (next.dtype() != DType.F32) {
            throw new IllegalArgumentException(
                    "buffer " + name() + ": update " + next.shape() + " is " + next.dtype() + "; give an F32 tensor");
        }
        Backward.updateAfter(value(), next);
    }

    @Override
    protected boolean trained() {
        return false;
    }
}
