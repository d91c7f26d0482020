package dev.fathom.recurrent;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells trainers which states a step keeps. It is not for users, and an ArchUnit rule keeps it inside the library. */
public final class StateAccess {
    private static final ThreadLocal<@Nullable Consumer<KeptState>> OBSERVER = new ThreadLocal<>();

    private StateAccess() {}

    /** Runs {@code body}; {@code observer} hears of each state before this thread keeps something in it. */
    public static <T> T observed(Consumer<KeptState> observer, Supplier<T> body) {
        Consumer<KeptState> outer = OBSERVER.get();
        OBSERVER.set(observer);
        try {
            return body.get();
        } finally {
            if (outer == null) {
                OBSERVER.remove();
            } else {
                OBSERVER.set(outer);
            }
        }
    }

    static void kept(KeptState state) {
        Consumer<KeptState> observer = OBSERVER.get();
        if (observer != null) {
            observer.accept(state);
        }
    }
}
