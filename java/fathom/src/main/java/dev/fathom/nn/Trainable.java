package dev.fathom.nn;

import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Target;
import dev.fathom.tensor.Tensor;
import java.util.regex.Pattern;

/**
 * What an optimizer trains and backward can aim at: a contiguous range of a model's parameters, either all of them or
 * those of a part.
 */
public sealed interface Trainable extends Target permits Model, Part {
    /** The parameters. */
    ParameterRange range();

    @Override
    default boolean wants(Tensor leaf) {
        return range().wants(leaf);
    }

    /**
     * Clears the gradients. Call it to skip a step; after {@code step()} it is not needed.
     *
     * @throws IllegalStateException if the model is closed or superseded
     */
    default void zeroGrad() {
        Store store = StoreRange.store(range());
        for (int i = range().from(); i < range().to(); i++) {
            store.forget(i);
        }
    }

    /** Whether a parameter's name fits a pattern, in which * stands for anything. */
    static boolean matches(String pattern, String name) {
        return Pattern.matches("\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E", name);
    }
}
