package dev.fathom.nn;

import dev.fathom.store.Place;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Target;
import dev.fathom.tensor.Tensor;

/**
 * Neighboring parameters of a model, all of them or a part, which an optimizer changes and for which backward leaves
 * gradients. Only the library reaches the memory behind them.
 */
public final class ParameterRange extends StoreRange implements Target {
    private final int from;
    private final int to;

    ParameterRange(Store store, int from, int to) {
        super(store);
        this.from = from;
        this.to = to;
    }

    /** Returns the number of the first parameter. */
    public int from() {
        return from;
    }

    /** Returns one more than the number of the last parameter. */
    public int to() {
        return to;
    }

    @Override
    public boolean wants(Tensor leaf) {
        Place p = Place.of(leaf);
        return p != null && p.store() == StoreRange.store(this) && p.index() >= from && p.index() < to;
    }
}
