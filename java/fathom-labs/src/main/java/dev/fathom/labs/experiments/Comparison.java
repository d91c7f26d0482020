package dev.fathom.labs.experiments;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Machine;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.labs.training.Outcome;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.Plots;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The outcomes of a lab beside each other and beside what is published, as a table and as one page that leads to the page of each.
 *
 * @param brief whether this was the short form
 * @param whole whether each network was to train as long as the lab has it, so that its mark holds
 */
public record Comparison(Lab lab, Images images, List<Outcome> outcomes, boolean brief, boolean whole) {
    /** A column of the table; one that is empty for every network is left out. */
    private record Column(String name, Function<Outcome, String> cell) {}

    /**
     * Prints the table and writes the page.
     *
     * @param finished whether there is an outcome for each entry, so that the lab can conclude
     */
    public void write(Path folder, PrintStream out, boolean finished, long seed, Interrupt interrupt) {
        List<Column> columns = columns();
        List<String> header = columns.stream().map(Column::name).toList();
        List<List<String>> rows = outcomes.stream()
                .map(o -> columns.stream().map(c -> c.cell().apply(o)).toList())
                .toList();
        HtmlReport page = new HtmlReport("Lab " + lab.name() + ", " + images.title());
        outcomes.forEach(o -> page.accuracy(o.entry().name(), o.answers().confusion()));
        page.section("Beside each other").text(capital(lab.shows()) + ".");
        if (brief) {
            page.text(line(
                    "The short form: %,d images to learn from and few epochs, to see that everything works. "
                            + "What is to be reached, and what is published, is meant for the whole.",
                    images.learn().size()));
        }
        page.table(header, rows);
        try {
            page.picture(
                    Plots.compare("held-out accuracy", lab.every() > 0 ? "steps" : "epoch", curves()),
                    "Accuracy on the images held out, of every network");
        } catch (IllegalStateException e) { // a machine without fonts
            page.text(e.getMessage());
        }
        out.println(columns(header, rows));
        if (finished) {
            lab.conclude(new Conclusion(images, outcomes, brief, seed, interrupt, folder, page, out));
        }
        page.section("Each network");
        for (Outcome o : outcomes) {
            page.link(
                    o.entry().folder() + "/report.html",
                    o.entry().name() + ", curves, confusion matrix and wrong answers");
        }
        page.section("Made with").text(Machine.line() + ".").write(folder.resolve("report.html"));
    }

    private Map<String, double[][]> curves() {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        outcomes.forEach(o -> curves.put(o.entry().name(), o.curve()));
        return curves;
    }

    private List<Column> columns() {
        return Stream.of(
                        new Column("network", o -> o.entry().name()),
                        new Column("parameters", o -> line("%,d", o.parameters())),
                        new Column("multiply-adds", o -> line("%,d", o.multiplyAdds())),
                        new Column(
                                "epochs",
                                o -> Integer.toString(o.history().epochs().size())),
                        new Column("seconds", o -> line("%.1f", o.seconds())),
                        new Column("test accuracy", o -> line("%.2f %%", 100 * accuracy(o))),
                        new Column("95 % interval", Comparison::interval),
                        new Column("to reach", this::mark),
                        new Column("published", o -> o.entry().published()))
                .filter(c -> outcomes.stream().anyMatch(o -> !c.cell().apply(o).isEmpty()))
                .toList();
    }

    private static double accuracy(Outcome o) {
        return o.answers().confusion().accuracy();
    }

    private static String interval(Outcome o) {
        double[] interval = o.answers().confusion().wilson95();
        return line("%.2f to %.2f", 100 * interval[0], 100 * interval[1]);
    }

    private String mark(Outcome o) {
        boolean finished = o.history().epochs().size() == o.entry().recipe().epochs();
        return mark(o.entry().mark(), accuracy(o), whole && finished);
    }

    /** What is to be reached, and after the whole training whether it was. */
    static String mark(double mark, double accuracy, boolean whole) {
        return mark == 0
                ? ""
                : line("%.1f %%", 100 * mark) + (!whole ? "" : accuracy >= mark ? ", reached" : ", missed");
    }

    /** A table for a terminal. */
    static String columns(List<String> header, List<List<String>> rows) {
        List<List<String>> all = new ArrayList<>(List.of(header));
        all.addAll(rows);
        StringBuilder out = new StringBuilder();
        for (List<String> row : all) {
            StringBuilder text = new StringBuilder();
            for (int c = 0; c < row.size(); c++) {
                int column = c;
                int width =
                        all.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
                text.append(row.get(c)).append(" ".repeat(width - row.get(c).length() + 2));
            }
            out.append(text.toString().stripTrailing()).append(System.lineSeparator());
        }
        return out.toString();
    }

    private static String capital(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
