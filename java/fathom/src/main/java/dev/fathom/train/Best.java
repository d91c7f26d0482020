package dev.fathom.train;

import dev.fathom.offheap.Block;
import dev.fathom.store.Store;
import org.jspecify.annotations.Nullable;

/** A copy of the values of the best epoch so far, in memory of its own. */
final class Best implements AutoCloseable {
    private final Store store;
    private final @Nullable Block copy;
    private boolean kept;

    /** With {@code wanted} false it does nothing. */
    Best(Store store, boolean wanted) {
        this.store = store;
        copy = wanted ? new Block("best weights", store.values().bytes()) : null;
    }

    /** Copies the values as they are now. */
    void keep() {
        if (copy != null) {
            store.copyTo(copy);
            kept = true;
        }
    }

    boolean wanted() {
        return copy != null;
    }

    /** The block that holds them, or null where none were kept. */
    @Nullable
    Block kept() {
        return kept ? copy : null;
    }

    /** The block into which the best values of another run can be read. */
    @Nullable
    Block toKeep() {
        kept = copy != null;
        return copy;
    }

    /** Exchanges them with the values of the model, if any were kept. */
    void swap() {
        if (copy != null && kept) {
            store.replace("restore", () -> Block.swap(copy, store.values()));
        }
    }

    @Override
    public void close() {
        if (copy != null) {
            copy.close();
        }
    }
}
