package dev.fathom.store;

import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import org.jspecify.annotations.Nullable;

/**
 * What lies below a parameter or buffer: its shape, and where its numbers are once a model holds it. {@code Variable},
 * the only direct subclass, adds the methods that users call.
 */
public abstract class StoreCell implements Structure.Terminal {
    protected final Shape shape;
    private volatile @Nullable Place place;

    /** Numbers that no model holds yet. */
    protected StoreCell(Shape shape) {
        this.shape = shape;
    }

    /** Whether these are numbers that training changes. */
    protected abstract boolean trained();

    /** Whether a model holds it. */
    protected boolean bound() {
        return place != null;
    }

    /**
     * Where its numbers are.
     *
     * @throws IllegalStateException if no model holds it
     */
    protected final Place place() {
        Place p = place;
        if (p == null) {
            throw new IllegalStateException((trained() ? "parameter " : "buffer ") + shape + " has no values yet"
                    + Where.running() + ": give Model.of the net that holds it in a record component");
        }
        return p;
    }

    /** Its numbers as a tensor, which always shows them as they are. */
    protected final Tensor numbers() {
        return place().tensor;
    }

    void bind(Place place) {
        this.place = place;
    }
}
