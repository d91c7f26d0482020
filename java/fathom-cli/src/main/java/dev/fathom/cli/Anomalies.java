package dev.fathom.cli;

import dev.fathom.experiments.data.UserSeries;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Training;
import dev.fathom.io.AtomicFile;
import dev.fathom.labs.outliers.Detection;
import dev.fathom.labs.outliers.Detection.Span;
import dev.fathom.view.Chart;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom anomalies SERIES}: the unusual rows of a person's own series. */
@Command(
        name = "anomalies",
        description = "Finds unusual rows in a series of numbers, by an ensemble of recurrent auto-encoders that learn "
                + "to reconstruct its windows, and draws "
                + "them.",
        sortOptions = false)
public final class Anomalies implements Callable<Integer> {
    private static final int DRAWN = 3000;
    private static final int MOST_COLUMNS = 6;
    private static final int MOST_MEMBERS = 100;

    private final PrintStream out;
    private final PrintStream err;

    @Parameters(
            paramLabel = "SERIES",
            description = "A file with a row for each step of time, with or without a header, whose fields are "
                    + "separated by commas, tabs or semicolons; with "
                    + "semicolons, a number may have a decimal comma.")
    private Path file;

    @Option(
            names = "--columns",
            paramLabel = "NAMES",
            split = ",",
            description = "The columns to look at, with commas between (all of numbers that change).")
    private List<String> columns = List.of();

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "32",
            description = "The number of rows in a window (${DEFAULT-VALUE}).")
    private int window;

    @Option(
            names = "--members",
            paramLabel = "N",
            defaultValue = "10",
            description = "The number of auto-encoders (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--learn",
            paramLabel = "N",
            defaultValue = "0",
            description = "Learns from the first N rows, where these are known to be normal (all rows).")
    private int learned;

    @Option(
            names = "--deviations",
            paramLabel = "Z",
            defaultValue = "3",
            description = "Flags a row whose score is more than Z standard deviations above the mean score "
                    + "(${DEFAULT-VALUE}).")
    private double deviations;

    @Mixin
    private Options options = new Options();

    public Anomalies(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (window < 2) {
            throw options.misuse("--window " + window + ": choose at least 2");
        }
        options.atLeastOne("--members", members);
        if (members > MOST_MEMBERS) {
            throw options.misuse("--members " + members + ": choose at most " + MOST_MEMBERS);
        }
        if (learned < 0) {
            throw options.misuse("--learn " + learned + ": choose 0 for all rows, or more");
        }
        if (!(deviations > 0 && deviations < Double.POSITIVE_INFINITY)) {
            throw options.misuse("--deviations " + deviations + ": choose a number above 0");
        }
        UserSeries series = UserSeries.read(file, columns);
        Path folder = options.prepare("anomalies");
        series.notes().forEach(out::println);
        try (Interrupt interrupt = Interrupt.install(err)) {
            Detection found = Detection.of(
                    series,
                    new Detection.Settings(window, members, learned, deviations, options.seed()),
                    new Training(out, err, interrupt, options.seed(), options.resume()),
                    folder);
            if (found == null) {
                out.println("Stopped before the first epoch was finished: there are no scores to write.");
            } else {
                write(series, found, folder);
            }
            return interrupt.requested() ? Interrupt.CODE : 0;
        }
    }

    private void write(UserSeries series, Detection found, Path folder) {
        byte[] scores = csv(series, found).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve("scores.csv"), to -> to.write(scores));
        List<Span> spans = found.spans(window);
        int rows = series.rows().length;
        String what = file.getFileName() + ": " + rows + " rows of " + String.join(", ", series.columns());
        Findings page = new Findings("Anomalies in " + file.getFileName(), what, out);
        page.text(what + ".");
        series.notes().forEach(note -> page.section("", note)); // they were printed before the training
        if (found.epochs() < Detection.EPOCHS) {
            page.text(Findings.line(
                    "This was stopped after %d of %d epochs, so the scores are those of auto-encoders that have "
                            + "not learned to the end.%s",
                    found.epochs(), Detection.EPOCHS, options.resume() ? " The same command goes on from there." : ""));
        }
        page.text(Findings.line(
                "A row is flagged where its score, the median of the squared errors of %d auto-encoders, is above "
                        + "%.4g, %.1f standard deviations above the "
                        + "mean.",
                members, found.limit(), deviations));
        page.text("Rows are numbered by the lines of the file, from 1, as editors and spreadsheets do: a header is "
                + "line 1.");
        if (spans.isEmpty()) {
            page.text("No row is flagged.");
        } else {
            page.table(
                    List.of("first line", "last line", "largest score"),
                    spans.stream()
                            .map(s -> List.of(
                                    Long.toString(series.lines()[s.first()]),
                                    Long.toString(series.lines()[s.last()]),
                                    Findings.line("%.4g", s.score())))
                            .toList());
        }
        if (series.columns().size() > MOST_COLUMNS) {
            page.text(Findings.line(
                    "The picture has the first %d of %d columns; not drawn: %s.",
                    MOST_COLUMNS,
                    series.columns().size(),
                    String.join(
                            ", ",
                            series.columns()
                                    .subList(MOST_COLUMNS, series.columns().size()))));
        }
        page.text(Findings.line(
                        "As a stream, whose session carries its state from row to row, a row takes %.0f "
                                + "microseconds on one thread.",
                        found.microseconds()))
                .add(new Findings.Picture(
                        "anomalies.png",
                        "The columns with the flagged rows, and the scores with their limit",
                        () -> Chart.panels(1, charts(series, found))))
                .add(new Findings.Link(
                        "scores.csv", "the score of the row on every line of the file, and whether it is flagged"));
        out.println("All of it on one page: " + page.write(folder) + ", scores in " + folder.resolve("scores.csv"));
    }

    private static String csv(UserSeries series, Detection found) {
        StringBuilder text = new StringBuilder("line,score,flagged\n");
        for (int t = 0; t < found.scores().length; t++) {
            String score = series.missing()[t] ? "" : String.format(Locale.ROOT, "%.6g", found.scores()[t]);
            text.append(series.lines()[t])
                    .append(',')
                    .append(score)
                    .append(',')
                    .append(found.flagged()[t] ? 1 : 0)
                    .append('\n');
        }
        return text.toString();
    }

    /**
     * A chart for each of the first columns, and one of the scores. Of a long series only every so many rows are drawn,
     * and all flagged ones.
     */
    private static List<Chart> charts(UserSeries series, Detection found) {
        int rows = found.scores().length;
        int every = Math.max(1, rows / DRAWN);
        int[] drawn = IntStream.range(0, rows)
                .filter(t -> t % every == 0 || found.flagged()[t])
                .toArray();
        double[] x =
                IntStream.of(drawn).mapToDouble(t -> (double) series.lines()[t]).toArray();
        List<Chart> charts = new ArrayList<>();
        for (int c = 0; c < Math.min(MOST_COLUMNS, series.columns().size()); c++) {
            int column = c;
            Chart chart = new Chart(series.columns().get(c), "line of the file")
                    .line(
                            "values",
                            x,
                            IntStream.of(drawn)
                                    .mapToDouble(t -> series.rows()[t][column])
                                    .toArray());
            charts.add(flagged(chart, series, found, t -> series.rows()[t][column]));
        }
        double[] ends = {(double) series.lines()[0], (double) series.lines()[rows - 1]};
        Chart scores = new Chart("Scores", "line of the file")
                .line(
                        "score",
                        x,
                        IntStream.of(drawn).mapToDouble(t -> found.scores()[t]).toArray())
                .dashed("limit", ends, new double[] {found.limit(), found.limit()});
        charts.add(scores);
        return charts;
    }

    private static Chart flagged(Chart chart, UserSeries series, Detection found, IntToDoubleFunction value) {
        int[] rows = IntStream.range(0, found.flagged().length)
                .filter(t -> found.flagged()[t])
                .toArray();
        return rows.length == 0
                ? chart
                : chart.points(
                        "flagged",
                        IntStream.of(rows)
                                .mapToDouble(t -> (double) series.lines()[t])
                                .toArray(),
                        IntStream.of(rows).mapToDouble(value).toArray());
    }
}
