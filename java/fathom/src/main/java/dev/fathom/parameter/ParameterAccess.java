package dev.fathom.parameter;

import dev.fathom.store.Store;
import java.util.List;

/**
 * Connects parameters with the store that holds them, for models and optimizers. An ArchUnit rule keeps this class
 * inside the library.
 */
public final class ParameterAccess {
    private ParameterAccess() {}

    /** Parameters {@code from} to {@code to - 1} of a store. */
    public static ParameterRange range(Store store, int from, int to) {
        return new ParameterRange(store, from, to);
    }

    /** The parameters and then the buffers of a store. */
    @SuppressWarnings("unchecked") // Variable is the only class of cells
    public static List<Variable> variables(Store store) {
        return (List<Variable>) store.cells();
    }

    /** The store behind them; refuses a closed or superseded model. */
    public static Store store(ParameterRange range) {
        return range.store();
    }
}
