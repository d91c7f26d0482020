package dev.fathom.parameter;

import dev.fathom.op.Shape;
import dev.fathom.store.StoreCell;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;

/**
 * Numbers that a model holds in its block. They are trained ({@link Parameter}) or only kept ({@link Buffer}). Until
 * {@code Model.of} binds it, a variable has only a shape and an initializer.
 */
public abstract sealed class Variable extends StoreCell implements Operand permits Parameter, Buffer {
    private final Initializer initializer;
    private final int[] fileOrder;
    private final Shape fileShape;

    Variable(Shape shape, Initializer initializer, int... fileOrder) {
        super(shape);
        this.initializer = initializer;
        this.fileOrder = fileOrder.clone();
        fileShape = fileOrder.length == 0 ? shape : shape.permuted(fileOrder);
    }

    /** Returns the dimensions. */
    public Shape shape() {
        return shape;
    }

    /** Which dimension here each dimension in files is; empty where they are the same. */
    public int[] fileOrder() {
        return fileOrder.clone();
    }

    /** Returns the dimensions in files. */
    public Shape fileShape() {
        return fileShape;
    }

    /** Returns the initializer of its first values. */
    public Initializer initializer() {
        return initializer;
    }

    /** How often its values were changed since it was bound. */
    public int version() {
        return place().version();
    }

    /** Whether a model holds it. */
    @Override
    public boolean bound() {
        return super.bound();
    }

    /** Returns its name in its model, such as {@code 0.weight}, or {@code unbound} before a model holds it. */
    public String name() {
        return bound() ? place().name() : "unbound";
    }

    /**
     * Returns the values as a tensor for ops, also outside a pass. The tensor always shows the current values.
     *
     * @throws IllegalStateException if no model holds it or the model is closed
     */
    @Override
    public Tensor value() {
        return numbers();
    }

    /** Returns kind, name and shape, such as {@code Parameter 0.weight [3, 4]}, but no values. */
    @Override
    public String toString() {
        return getClass().getSimpleName() + " " + name() + " " + shape;
    }
}
