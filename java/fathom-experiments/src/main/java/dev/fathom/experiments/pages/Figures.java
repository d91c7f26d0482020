package dev.fathom.experiments.pages;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Figures as a table, on the pages of labs and in docs/labs.md. A column that is empty for every figure is left out.
 *
 * @param header the names of the columns
 * @param rows a row for each figure
 */
public record Figures(List<String> header, List<List<String>> rows) {
    // what a person looks for first comes first, where a narrow screen shows it
    private static final List<String> HEADER = List.of(
            "figure",
            "measured",
            "expected",
            "verdict",
            "kind",
            "95 % interval",
            "published",
            "source",
            "baseline",
            "which is",
            "difference");

    /** The table of these figures. */
    public static Figures of(List<Figure> figures) {
        List<List<String>> rows = figures.stream().map(Figures::row).toList();
        int[] shown = IntStream.range(0, HEADER.size())
                .filter(c -> rows.stream().anyMatch(row -> !row.get(c).isEmpty()))
                .toArray();
        return new Figures(
                shown(HEADER, shown),
                rows.stream().map(row -> shown(row, shown)).toList());
    }

    private static List<String> row(Figure f) {
        return List.of(
                f.name(),
                f.value(),
                f.expected(),
                f.judgment(),
                f.kind() == null ? "" : f.kind().word(),
                f.interval() == null ? "" : f.interval().words(f.measured()),
                f.published(),
                f.source(),
                f.baselineText(),
                f.of(),
                f.difference());
    }

    private static List<String> shown(List<String> cells, int[] columns) {
        return IntStream.of(columns).mapToObj(cells::get).toList();
    }
}
