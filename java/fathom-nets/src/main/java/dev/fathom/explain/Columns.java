package dev.fathom.explain;

import java.util.List;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/** Rows of texts as a table for people. */
final class Columns {
    private Columns() {}

    /** The first row above a line, and below it the others; the first {@code left} columns begin on the left. */
    static String table(int left, List<List<String>> rows) {
        int[] widths = IntStream.range(0, rows.get(0).size())
                .map(c ->
                        rows.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
                .toArray();
        StringJoiner lines = new StringJoiner("\n", "", "\n");
        for (List<String> row : rows) {
            StringJoiner line = new StringJoiner("  ");
            for (int c = 0; c < widths.length; c++) {
                String pad = " ".repeat(widths[c] - row.get(c).length());
                line.add(c < left ? row.get(c) + pad : pad + row.get(c));
            }
            lines.add(line.toString().stripTrailing());
            if (row == rows.get(0)) {
                lines.add("-".repeat(line.length()));
            }
        }
        return lines.toString();
    }
}
