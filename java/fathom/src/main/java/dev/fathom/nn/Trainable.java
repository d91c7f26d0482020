package dev.fathom.nn;

import dev.fathom.tensor.Access;
import dev.fathom.tensor.Held;
import dev.fathom.tensor.Store;
import dev.fathom.tensor.Target;
import dev.fathom.tensor.Tensor;
import java.util.regex.Pattern;

/** What an optimizer trains and backward aims at: a contiguous range of a model's parameters, the whole of it or a part. */
public sealed interface Trainable extends Target permits Model, Part {
    /** The block that holds the parameters. */
    Store store();

    /** The number of the first parameter. */
    int from();

    /** One past the number of the last parameter. */
    int to();

    @Override
    default boolean wants(Tensor leaf) {
        Held held = Access.held(leaf);
        return held != null
                && held.bound()
                && Access.storeOf(held) == store()
                && Access.indexOf(held) >= from()
                && Access.indexOf(held) < to();
    }

    /** Forgets the gradients, for those who skip a step; after {@code step()} it is not needed. */
    default void zeroGrad() {
        for (int i = from(); i < to(); i++) {
            store().fresh(i, false);
        }
    }

    /** Whether a parameter's name fits a pattern, in which * stands for anything. */
    static boolean matches(String pattern, String name) {
        return Pattern.matches("\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E", name);
    }
}
