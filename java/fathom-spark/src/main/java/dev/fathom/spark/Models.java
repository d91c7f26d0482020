package dev.fathom.spark;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The models that are open in this process, each once for all tasks. One that nobody has used for a while is closed
 * when another is opened; what is open at the end goes with the process.
 */
final class Models {
    /** Those of this process. */
    static final Models HERE = new Models(Duration.ofMinutes(10));

    private final long idle;
    private final ConcurrentMap<String, Shared> open = new ConcurrentHashMap<>();

    /**
     * A model and who uses it.
     *
     * @param since when one of the users came or went, by {@link System#nanoTime}
     */
    private record Shared(Answers<?> model, int users, long since) {
        Shared users(int more) {
            return new Shared(model, users + more, System.nanoTime());
        }

        /** This, or null if nobody has used it for so long, which closes it. */
        @Nullable
        Shared unlessIdle(long nanos) {
            if (users > 0 || System.nanoTime() - since < nanos) {
                return this;
            }
            model.close();
            return null;
        }
    }

    /** Keeps models that nobody uses for so long. */
    Models(Duration idle) {
        this.idle = idle.toNanos();
    }

    /** Calls a function of the model of this name, which is opened if it is not. */
    <R> R with(String name, Supplier<Answers<?>> opener, Function<Answers<?>, R> function) {
        if (!open.containsKey(name)) {
            open.keySet().forEach(each -> open.computeIfPresent(each, (key, other) -> other.unlessIdle(idle)));
        }
        Shared mine = open.compute(
                name, (key, shared) -> (shared == null ? new Shared(opener.get(), 0, 0) : shared).users(1));
        try {
            return function.apply(mine.model);
        } finally {
            open.computeIfPresent(name, (key, shared) -> shared.users(-1));
        }
    }
}
