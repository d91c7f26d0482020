package dev.fathom.bench;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/** What a run is at, and how long it will take: the time that its parts are expected to take, by the pace so far. */
final class Progress {
    /** Seconds for which the expectation is believed rather than the pace. */
    private static final double BELIEVED = 60;

    private final PrintStream print;
    private final boolean terminal;
    private final LongSupplier nanos;
    private final long begin;
    private final double expected;
    private double passed;

    /**
     * Begins.
     *
     * @param print where to
     * @param terminal whether a line there may be written over
     * @param nanos the clock
     * @param expected seconds of all parts
     */
    Progress(PrintStream print, boolean terminal, LongSupplier nanos, double expected) {
        this.print = print;
        this.terminal = terminal;
        this.nanos = nanos;
        this.expected = expected;
        begin = nanos.getAsLong();
    }

    /** A part has begun: a line of its own. */
    void part(String what) {
        clear();
        print.println(text(what));
    }

    /** On a terminal, what happens now. */
    void now(String what) {
        if (terminal) {
            print.print("\r\033[K" + text(what));
        }
    }

    /** Parts that were expected to take so many seconds are done, or need not be done. */
    void passed(double seconds) {
        passed += seconds;
    }

    /** Clears the line. */
    void clear() {
        if (terminal) {
            print.print("\r\033[K");
        }
    }

    /** Percent and minutes left before what happens. */
    String text(String what) {
        double took = (nanos.getAsLong() - begin) / 1e9;
        double pace = (took + BELIEVED) / (passed + BELIEVED);
        long left = Math.round(Math.max(0, expected - passed) * pace / 60);
        return String.format(Locale.ROOT, "%3.0f %%, %d min left: %s", 100 * passed / expected, left, what);
    }
}
