package dev.fathom.nn;

import dev.fathom.tensor.Store;

/**
 * A submodule's parameters, from {@link Model#part}: an optimizer of its own, a target of backward.
 *
 * @param store the model's block
 * @param from the number of its first parameter there
 * @param to one past its last
 */
public record Part(Store store, int from, int to) implements Trainable {
    /**
     * The model's block.
     *
     * @throws IllegalStateException if the model is closed or superseded
     */
    @Override
    public Store store() {
        store.check();
        return store;
    }
}
