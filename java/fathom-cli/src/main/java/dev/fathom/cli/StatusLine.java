package dev.fathom.cli;

import dev.fathom.view.ProgressBar;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** One line that tells how far some work has come. It is redrawn in place on a terminal, and is nowhere else. */
final class StatusLine {
    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int BAR = 24;
    /** Clears what stands behind the cursor. */
    private static final String CLEAR = "\u001b[K";

    private final boolean terminal;
    private final PrintStream out;
    private long drawn;
    private boolean shown;

    StatusLine(PrintStream out) {
        this(ProgressBar.onTerminal(), out);
    }

    StatusLine(boolean terminal, PrintStream out) {
        this.terminal = terminal;
        this.out = out;
    }

    /** Draws the text, unless the last one was drawn within a tenth of a second. */
    void show(String text) {
        long now = System.nanoTime();
        if (terminal && (!shown || now - drawn > REDRAW_NANOS)) {
            out.print("\r" + text + CLEAR);
            out.flush();
            drawn = now;
            shown = true;
        }
    }

    /** Removes what was drawn. */
    void clear() {
        if (shown) {
            out.print("\r" + CLEAR);
            out.flush();
            shown = false;
        }
    }

    /** A bar of which this share is full. */
    static String bar(double done) {
        int full = (int) (BAR * done);
        return "[" + "=".repeat(full) + " ".repeat(BAR - full) + "]";
    }

    static String left(double seconds) {
        return String.format(Locale.ROOT, "%,.0f s left", Math.ceil(seconds));
    }
}
