package dev.fathom.tensor;

import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that a model holds in its block. They are trained ({@link Parameter}) or only kept ({@link Buffer}). Until {@code Model.of} binds it, a
 * variable has only a shape and an initializer.
 */
public abstract sealed class Variable implements Operand permits Parameter, Buffer {
    private final Shape shape;
    private final Initializer initializer;
    private final int[] fileOrder;
    private final Shape fileShape;
    private volatile @Nullable Tensor leaf;
    private volatile @Nullable Store store;
    private int index;

    Variable(Shape shape, Initializer initializer, int... fileOrder) {
        this.shape = shape;
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
        return store().version(index);
    }

    /** {@code parameter 0.weight}, for messages. */
    String label() {
        return (this instanceof Parameter ? "parameter " : "buffer ") + name();
    }

    /** Whether a model holds it. */
    public boolean bound() {
        return store != null;
    }

    /** Returns its name in its model, such as {@code 0.weight}, or {@code unbound} before a model holds it. */
    public String name() {
        Store s = store;
        return s == null ? "unbound" : s.name(index);
    }

    /**
     * Returns the values as a tensor for ops, also outside a pass. The tensor always shows the current values.
     *
     * @throws IllegalStateException if no model holds it or the model is closed
     */
    @Override
    public Tensor value() {
        Tensor t = leaf;
        if (t == null) {
            throw new IllegalStateException(
                    (this instanceof Parameter ? "parameter " : "buffer ") + shape + " is unbound" + Where.running()
                            + ": hold it in a record component of the net that was given to Model.of");
        }
        return t;
    }

    Store store() {
        Store s = store;
        if (s == null) {
            value();
            throw new AssertionError();
        }
        return s;
    }

    int index() {
        return index;
    }

    void bind(Store store, int index) {
        this.store = store;
        this.index = index;
        this.leaf = Tensor.leaf(this, store, index);
    }
}
