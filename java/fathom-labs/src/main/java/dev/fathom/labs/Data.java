package dev.fathom.labs;

import dev.fathom.view.ProgressBar;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom data mnist}: fetches the four files of a set into the cache folder, where the experiments find them. */
@Command(
        name = "data",
        description = "Fetches a data set into the cache folder, where ./fathom quickstart finds it.",
        sortOptions = false)
final class Data implements Runnable {
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream out;

    @Parameters(
            paramLabel = "SET",
            converter = ImageSet.Converter.class,
            description = "mnist (12 MB), or fashion-mnist (31 MB, which is part of the project's tree too).")
    private ImageSet set;

    @Option(
            names = "--from",
            paramLabel = "URL",
            description = "Another folder on the web with the same four files; their content is checked all the same.")
    private @Nullable URI from;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this.")
    private boolean help;

    Data(PrintStream out) {
        this.out = out;
    }

    @Override
    public void run() {
        URI folder = from == null ? set.address() : URI.create(from.toString().replaceFirst("/?$", "/"));
        Path cache = set.cache();
        boolean terminal = out == System.out && ProgressBar.onTerminal();
        Download download = new Download();
        for (Map.Entry<String, Download.Content> file : set.files().entrySet()) {
            Line line = new Line(file.getKey(), terminal);
            Path to = cache.resolve(file.getKey());
            boolean fetched;
            try {
                fetched = download.fetch(folder.resolve(file.getKey()), to, file.getValue(), line);
            } finally {
                line.clear();
            }
            out.printf(
                    "%-27s %8s  %s%n",
                    file.getKey(),
                    size(to.toFile().length()),
                    fetched ? "fetched, sha256 as known" : "is there, sha256 as known");
        }
        out.printf("%nIn %s; next:%n  ./fathom quickstart%s%n", cache, set == ImageSet.MNIST ? " --data mnist" : "");
    }

    private static String size(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f KB", bytes / 1e3)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    /** One line of the terminal, redrawn in place ten times a second. */
    private final class Line implements Download.Progress {
        private final String name;
        private final boolean terminal;
        private long drawn;
        private boolean shown;

        Line(String name, boolean terminal) {
            this.name = name;
            this.terminal = terminal;
        }

        @Override
        public void at(long bytes, long of) {
            long now = System.nanoTime();
            if (!terminal || shown && now - drawn < REDRAW_NANOS) {
                return;
            }
            String total = of == 0 ? "" : " of " + size(of) + ", " + 100 * bytes / of + " %";
            out.printf("\r%-27s %8s%s\u001b[K", name, size(bytes), total);
            out.flush();
            drawn = now;
            shown = true;
        }

        void clear() {
            if (shown) {
                out.print("\r\u001b[K");
            }
        }
    }
}
