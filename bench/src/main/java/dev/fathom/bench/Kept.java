package dev.fathom.bench;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What the setup of a row made, kept by its process for the next turns of the row: to build a large network may take
 * longer than a turn. Used by one thread.
 */
public final class Kept {
    private static String row = "";
    private static @Nullable Made<?> kept;

    private Kept() {}

    /** Gives back what a setup made. */
    public interface End<T> {
        /** Gives it back. */
        void of(T it) throws Exception;
    }

    /** What a setup made, and what it told. */
    private record Made<T>(T it, End<? super T> end, double[] told) {
        void close() throws Exception {
            end.of(it);
        }
    }

    /** Gives back what is kept if it is not of this row. */
    static void begin(String row) {
        boolean same = row.equals(Kept.row);
        Made<?> ended = kept;
        Kept.row = row;
        if (same || ended == null) {
            return;
        }
        kept = null;
        try {
            ended.close();
        } catch (Exception e) {
            throw new IllegalStateException("what another row made does not close", e);
        }
    }

    /**
     * Returns what an earlier turn of the row made, or makes it, and tells what was told when it was made.
     *
     * @param make the setup, which is the same in all turns of a row
     * @param end gives what it made back before the next row
     */
    @SuppressWarnings("unchecked") // all turns of a row have the same setup
    public static <T> T of(Callable<T> make, End<? super T> end) throws Exception {
        Made<T> made = (Made<T>) kept;
        if (made == null) {
            made = new Made<>(make.call(), end, Work.told());
            kept = made;
        }
        Work.tell(made.told);
        return made.it;
    }
}
