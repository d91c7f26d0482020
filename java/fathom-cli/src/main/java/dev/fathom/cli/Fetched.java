package dev.fathom.cli;

import dev.fathom.experiments.data.Download;
import dev.fathom.view.ProgressBar;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;

/** Files that are fetched, with a line for each, which is redrawn while it comes. */
final class Fetched {
    private final PrintStream out;
    private final Download download = new Download();

    Fetched(PrintStream out) {
        this.out = out;
    }

    /**
     * Sees to it that a file is there.
     *
     * @param name what it is called on the screen
     * @param sum what was compared, in words
     */
    void fetch(URI from, Path to, String name, Download.Content content, String sum) {
        StatusLine line = new StatusLine(out == System.out && ProgressBar.onTerminal(), out);
        boolean fetched;
        try {
            fetched = download.fetch(from, to, content, (bytes, of) -> {
                String total = of == 0
                        ? ""
                        : " of " + size(of) + ", " + 100 * bytes / of + " % " + StatusLine.bar((double) bytes / of);
                line.show(String.format("%-27s %8s%s", name, size(bytes), total));
            });
        } finally {
            line.clear();
        }
        say(name, to, (fetched ? "fetched, " : "is there, ") + sum);
    }

    void say(String name, Path file, String what) {
        out.printf("%-27s %8s  %s%n", name, size(file.toFile().length()), what);
    }

    static String size(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f KB", bytes / 1e3)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
}
