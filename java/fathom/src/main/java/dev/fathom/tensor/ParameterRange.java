package dev.fathom.tensor;

/**
 * Neighboring parameters of a model, the whole of it or a part: what an optimizer changes and where backward leaves gradients. The library alone
 * reaches what holds them.
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

    /** The number of the first parameter. */
    public int from() {
        return from;
    }

    /** One past the number of the last. */
    public int to() {
        return to;
    }

    @Override
    public boolean wants(Tensor leaf) {
        return leaf.variable() instanceof Parameter p
                && p.bound()
                && p.store() == store()
                && p.index() >= from
                && p.index() < to;
    }
}
