package dev.fathom.store;

/** What lies below a range of parameters: the store that holds them. {@code ParameterRange} is the only subclass. */
public abstract class StoreRange {
    private final Store store;

    protected StoreRange(Store store) {
        this.store = store;
    }

    /** The store behind it; refuses a closed or superseded model. */
    public static Store store(StoreRange range) {
        range.store.check();
        return range.store;
    }
}
