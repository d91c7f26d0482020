package dev.fathom.bench;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What the setup of a row made, kept by its process for the next turns of the row: to build a large network may take
 * longer than a turn. Used by one thread.
 */
public final class Kept {
    private static String row = "";
    private static @Nullable AutoCloseable made;

    private Kept() {}

    /** Closes what is kept if it is not of this row. */
    static void begin(String row) {
        if (row.equals(Kept.row)) {
            return;
        }
        Kept.row = row;
        try (AutoCloseable ended = made) {
            made = null;
        } catch (Exception e) {
            throw new IllegalStateException("what another row made does not close", e);
        }
    }

    /** Returns what an earlier turn of the row made, or makes it. */
    @SuppressWarnings("unchecked") // all turns of a row have the same setup
    public static <T extends AutoCloseable> T of(Callable<T> make) throws Exception {
        if (made == null) {
            made = make.call();
        }
        return (T) made;
    }
}
