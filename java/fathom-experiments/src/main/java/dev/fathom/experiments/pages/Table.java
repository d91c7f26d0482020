package dev.fathom.experiments.pages;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A table whose numbers are figures at the same time: one {@code put} makes the cell, and the figure that a stored run
 * keeps and that is held to its band.
 *
 * <pre>{@code
 * Table nets = lab.table("nets", "network");
 * nets.row("LeNet-5").put("test accuracy", "%.2f %%", 99.1).interval(98.9, 99.3).cell("epochs", 12);
 * }</pre>
 *
 * <p>That row has the figure {@code LeNet-5, test accuracy}, in %. The columns come in the order in which they are
 * first put.
 */
public final class Table {
    private static final Pattern CONVERSION = Pattern.compile("%[-+# 0,(\\d.]*([a-zA-Z])");

    private final String corner;
    private final Map<String, Figure> figures;
    private final Set<String> columns = new LinkedHashSet<>();
    private final List<Row> rows = new ArrayList<>();
    private String naming = "{row}, {column}";

    /**
     * Begins without rows.
     *
     * @param corner the head of the first column, which says what the rows are
     * @param figures takes the figures by their names
     */
    public Table(String corner, Map<String, Figure> figures) {
        this.corner = corner;
        this.figures = figures;
    }

    /**
     * Names the figures in another way than {@code {row}, {column}}.
     *
     * @param pattern words with {@code {row}} and {@code {column}} in them, such as {@code Digits, {row}, {column}}
     */
    public Table named(String pattern) {
        naming = pattern;
        return this;
    }

    /** Begins a row. */
    public Row row(String name) {
        Row row = new Row(name);
        rows.add(row);
        return row;
    }

    /** All rows in their order. */
    public List<Row> rows() {
        return List.copyOf(rows);
    }

    /** The numbers of a column, one for each row that has one. */
    public double[] values(String column) {
        return rows.stream()
                .filter(r -> r.numbers.containsKey(column))
                .mapToDouble(r -> r.get(column))
                .toArray();
    }

    /** The numbers of each row that has some in the order in which they were put, such as lines of a chart. */
    public Map<String, double[]> lines() {
        Map<String, double[]> lines = new LinkedHashMap<>();
        rows.stream()
                .filter(r -> !r.numbers.isEmpty())
                .forEach(r -> lines.put(
                        r.name, r.numbers.values().stream().mapToDouble(v -> v).toArray()));
        return lines;
    }

    /** The table as a page shows it; a cell that was not put is empty. */
    public Findings.Table part() {
        List<String> header = new ArrayList<>(List.of(corner));
        header.addAll(columns);
        return new Findings.Table(
                header,
                rows.stream()
                        .map(r -> {
                            List<String> cells = new ArrayList<>(List.of(r.name));
                            columns.forEach(c -> cells.add(r.cells.getOrDefault(c, "")));
                            return List.copyOf(cells);
                        })
                        .toList());
    }

    /** The unit in a format: {@code %} in {@code %.1f %%}, {@code nats} in {@code %.0f nats}. */
    static String unit(String format) {
        return CONVERSION.matcher(format).replaceFirst("").replace("%%", "%").strip();
    }

    /** A row under construction. */
    public final class Row {
        private final String name;
        private final Map<String, String> cells = new LinkedHashMap<>();
        private final Map<String, Double> numbers = new LinkedHashMap<>();
        private String last = "";

        private Row(String name) {
            this.name = name;
        }

        /** The name of the row. */
        public String name() {
            return name;
        }

        /**
         * Puts a number into a cell, and makes a figure of it.
         *
         * @param format such as {@code %.1f nats}; what stands behind the number is its unit
         */
        public Row put(String column, String format, double value) {
            String unit = unit(format);
            last = figure(column);
            figures.put(last, Figure.of(last, unit, value));
            numbers.put(column, value);
            boolean whole = format.matches(".*%[,\\d]*d.*");
            return cell(
                    column, String.format(Locale.ROOT, format, whole ? (Object) Math.round(value) : (Object) value));
        }

        /** Puts what is no figure into a cell, such as a setting. */
        public Row cell(String column, Object value) {
            columns.add(column);
            cells.put(column, Words.text(value, null));
            return this;
        }

        /** Puts numbers or words in a format into a cell, and makes no figure of them. */
        public Row cell(String column, String format, Object... values) {
            return cell(column, Findings.line(format, values));
        }

        /** Gives the number that was put last a 95 % confidence interval. */
        public Row interval(double low, double high) {
            return mark(f -> f.interval(low, high));
        }

        /** Gives the number that was put last one in the same unit that was computed for the comparison. */
        public Row baseline(double value, String of) {
            return mark(f -> f.baseline(value, of));
        }

        /**
         * Gives the number of a column one in the same unit that was computed for the comparison.
         *
         * @throws IllegalArgumentException if the row has no number in that column
         */
        public Row baseline(String column, double value, String of) {
            if (!numbers.containsKey(column)) {
                throw missing(column);
            }
            last = figure(column);
            return baseline(value, of);
        }

        private String figure(String column) {
            return naming.replace("{row}", name).replace("{column}", column);
        }

        private Row mark(java.util.function.UnaryOperator<Figure> change) {
            figures.computeIfPresent(last, (n, f) -> change.apply(f));
            return this;
        }

        /**
         * The number of a column.
         *
         * @throws IllegalArgumentException if none was put there
         */
        public double get(String column) {
            Double value = numbers.get(column);
            if (value == null) {
                throw missing(column);
            }
            return value;
        }

        private IllegalArgumentException missing(String column) {
            return new IllegalArgumentException("the row " + name + " has no number in the column " + column);
        }
    }
}
