package dev.fathom.experiments.pages;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code docs/labs.md}, made of the stored runs in {@code docs/labs}. */
public final class LabsPage {
    private static final String INTRODUCTION = """
            # Labs

            A lab is an experiment with a page: tables, curves, pictures, and its figures beside those that others have
            published. `./fathom lab --list` says what there is, `./fathom lab NAME` runs one and leaves its page in `out/lab/NAME/`;
            `--short` takes a part of the data and few epochs, within a minute, `--data FOLDER` other data, and `--resume` goes on
            after a kill. `./fathom lab NAME --save` also stores the figures of a full run in `docs/labs/NAME.json`.
            `./fathom data all` fetches the data that labs read, makes a small stand-in for each set that it cannot fetch, and lists them.

            This page is made of those files by `./fathom lab --page`; a test holds it to them. Where a figure has a band in which it is
            expected, the verdict says whether it was reached or missed. Bands are written down before a run, in `expected/NAME.csv`
            among the resources of `java/fathom-labs`. Their kinds are *published* (a value with its own spread), *exact* (a derivation),
            *baseline* (a simpler way in the same run, and a margin) and *sanity* (what anything that works reaches). Why a figure misses
            its band is said in `misses.csv` beside them; a band that became wider, and a miss without a reason, fail a test.
            """;

    private LabsPage() {}

    /**
     * The page as Markdown.
     *
     * @param labs the name of every lab and what it shows, in the order of the page
     * @param folder that holds the stored runs
     * @throws IllegalArgumentException if a file in {@code folder} is no stored run, or is one of a lab that is not
     *     there
     */
    public static String text(Map<String, String> labs, Path folder) {
        Map<String, StoredRun> runs = StoredRun.all(labs.keySet(), folder);
        StringBuilder page = new StringBuilder(INTRODUCTION);
        page.append("\n| lab | what it shows | full run |\n| --- | --- | --- |\n");
        labs.forEach((name, shows) -> page.append("| ")
                .append(runs.containsKey(name) ? "[`" + name + "`](#" + name + ")" : "`" + name + "`")
                .append(" | ")
                .append(cell(shows))
                .append(" | ")
                .append(runs.containsKey(name) ? runs.get(name).date() : "no stored full run yet")
                .append(" |\n"));
        labs.forEach((name, shows) -> {
            StoredRun run = runs.get(name);
            if (run != null) {
                page.append(section(name, shows, run));
            }
        });
        return page.toString();
    }

    private static String section(String name, String shows, StoredRun run) {
        StringBuilder text = new StringBuilder("\n## " + name + "\n\n");
        text.append(shows.substring(0, 1).toUpperCase(Locale.ROOT))
                .append(shows.substring(1))
                .append(".\n\n");
        text.append("`./fathom lab ")
                .append(name)
                .append(" --seed ")
                .append(run.seed())
                .append("`, ");
        text.append(run.date()).append(", commit `").append(run.commit()).append("`, ");
        text.append(String.format(Locale.ROOT, "%s. %s.%n%n", run.cost(), run.data()));
        Figures table = Figures.of(run.figures());
        text.append(row(table.header()))
                .append("| --- ".repeat(table.header().size()))
                .append("|\n");
        table.rows().forEach(row -> text.append(row(row)));
        return text.toString();
    }

    private static String row(List<String> cells) {
        StringBuilder row = new StringBuilder();
        cells.forEach(c -> row.append("| ").append(cell(c)).append(' '));
        return row.append("|\n").toString();
    }

    /** Text that stays in its cell. */
    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;").replaceAll("\\s+", " ");
    }
}
