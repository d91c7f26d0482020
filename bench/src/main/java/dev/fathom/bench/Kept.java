package dev.fathom.bench;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What the setup of a row made, kept by its process for the next turns of the row: to build a large network may take
 * longer than a turn. Used by one thread.
 */
public final class Kept {
    private static @Nullable String row;
    private static @Nullable AutoCloseable made;

    private Kept() {}

    /** Closes what is kept if it is not of this row. */
    static void begin(String row) {
        if (!row.equals(Kept.row)) {
            Kept.row = row;
            close(made);
            made = null;
        }
    }

    /** Returns what an earlier turn of the row made, or makes it. */
    @SuppressWarnings("unchecked") // a row has one setup
    public static <T extends AutoCloseable> T of(Callable<T> make) throws Exception {
        T kept = made == null ? make.call() : (T) made;
        if (row != null) {
            made = kept;
        }
        return kept;
    }

    /** Closes what a turn used, unless the next one is to use it. */
    public static void done(AutoCloseable used) {
        if (used != made) {
            close(used);
        }
    }

    private static void close(@Nullable AutoCloseable used) {
        if (used != null) {
            try {
                used.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
