package dev.fathom.parameter;

import dev.fathom.store.Place;
import dev.fathom.store.Store;
import dev.fathom.tensor.Target;
import dev.fathom.tensor.Tensor;

/**
 * Neighboring parameters of a model, all of them or a part, which an optimizer changes and for which backward leaves
 * gradients. Only the library reaches the memory behind them.
 */
public final class ParameterRange implements Target {
    private final Store store;
    private final int from;
    private final int to;

    ParameterRange(Store store, int from, int to) {
        this.store = store;
        this.from = from;
        this.to = to;
    }

    Store store() {
        store.check();
        return store;
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
        return p != null && p.store() == store() && p.index() >= from && p.index() < to;
    }
}
