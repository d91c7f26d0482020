package dev.fathom.experiments.data;

import dev.fathom.io.TextFile;
import dev.fathom.table.Table;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A series from a CSV file of a person, one row for each step of time. Its fields are separated by tabs, by semicolons
 * or by commas, whichever of these is the first that the first line has; in a file with semicolons a number may have a
 * decimal comma.
 *
 * @param columns the names of the columns that are used
 * @param rows their numbers [rows][columns]; a gap is filled on the line between its neighbors
 * @param lines the line of the file of each row, counted from 1 with the header, as editors and spreadsheets number
 *     them
 * @param missing which rows have no number at all
 * @param notes what was left out or filled, a sentence each
 */
public record UserSeries(List<String> columns, double[][] rows, long[] lines, boolean[] missing, List<String> notes) {
    private static final Set<String> GAPS = Set.of("", "na", "n/a", "nan", "null", "none", "?", "-");
    private static final Set<String> TIMES = Set.of("time", "timestamp", "date", "datetime", "index", "t");
    private static final double LARGEST = 1e30;

    /**
     * Reads a file with or without a header. Without {@code wanted}, columns of texts and columns of times are left
     * out, and so are constant ones.
     *
     * @param wanted the columns to use; empty for all that fit
     * @throws IllegalArgumentException in a sentence, if the file is damaged, a wanted column does not exist, a column
     *     has both numbers and texts, or no column is left
     */
    public static UserSeries read(Path file, List<String> wanted) {
        String first = first(file);
        char separator = separator(first);
        Table table = Table.csv(file, separator, numbered(first, separator));
        List<String> unknown =
                wanted.stream().filter(w -> !table.columns().contains(w)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    file + " has no column " + unknown.get(0) + "; it has " + String.join(", ", table.columns()));
        }
        List<String> used = new ArrayList<>();
        List<double[]> columns = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (String name : wanted.isEmpty() ? table.columns() : wanted) {
            if (wanted.isEmpty() && TIMES.contains(name.toLowerCase(Locale.ROOT))) {
                notes.add("Column " + name + " is taken as the time and left out.");
                continue;
            }
            double[] values = numbers(table, name, separator);
            double[] known = Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
            if (known.length == 0) {
                notes.add("Column " + name + " has no numbers and is left out.");
            } else if (Arrays.stream(known).allMatch(v -> v == known[0])) {
                notes.add("Column " + name + " is constant and is left out.");
            } else {
                used.add(name);
                columns.add(values);
            }
        }
        if (used.isEmpty()) {
            throw new IllegalArgumentException(
                    file + " has no column of numbers that change, so there is nothing to learn; "
                            + "give a CSV file with one row for each step of time");
        }
        boolean[] missing = new boolean[table.size()];
        for (int t = 0; t < missing.length; t++) {
            int row = t;
            missing[t] = columns.stream().allMatch(c -> Double.isNaN(c[row]));
        }
        for (int c = 0; c < used.size(); c++) {
            int gaps = fill(columns.get(c));
            if (gaps > 0) {
                notes.add("Column " + used.get(c) + " has " + gaps + (gaps == 1 ? " gap, which is" : " gaps, which are")
                        + " filled on the line between the neighbors.");
            }
        }
        double[][] rows = IntStream.range(0, missing.length)
                .mapToObj(t -> columns.stream().mapToDouble(c -> c[t]).toArray())
                .toArray(double[][]::new);
        long[] lines = IntStream.range(0, missing.length).mapToLong(table::line).toArray();
        return new UserSeries(List.copyOf(used), rows, lines, missing, List.copyOf(notes));
    }

    private static String first(Path file) {
        try (BufferedReader lines = new BufferedReader(TextFile.open(file, "a series"))) {
            return Objects.requireNonNullElse(lines.readLine(), "");
        } catch (IOException e) {
            throw TextFile.failure(file, e);
        }
    }

    /** What separates the fields of a line; what is quoted does not count. */
    private static char separator(String line) {
        String bare = line.replaceAll("\"[^\"]*\"", "");
        return bare.indexOf('\t') >= 0 ? '\t' : bare.indexOf(';') >= 0 ? ';' : ',';
    }

    /** Names for the columns of a file whose first line has only numbers; none where the first line is a header. */
    private static String[] numbered(String line, char separator) {
        String[] fields = line.split(String.valueOf(separator), -1);
        boolean numbers = Arrays.stream(fields).allMatch(f -> !Double.isNaN(parsed(f.replace("\"", ""), separator)));
        return numbers
                ? IntStream.rangeClosed(1, fields.length)
                        .mapToObj(i -> "column " + i)
                        .toArray(String[]::new)
                : new String[0];
    }

    /** The numbers of a column, NaN for a gap, and for every row of a column of texts. */
    private static double[] numbers(Table table, String column, char separator) {
        double[] values = new double[table.size()];
        int firstText = -1;
        boolean numbers = false;
        for (int t = 0; t < values.length; t++) {
            String text = table.text(t, column);
            values[t] = parsed(text, separator);
            boolean gap = GAPS.contains(text.strip().toLowerCase(Locale.ROOT));
            firstText = firstText < 0 && Double.isNaN(values[t]) && !gap ? t : firstText;
            numbers |= !Double.isNaN(values[t]);
        }
        if (numbers && firstText >= 0) {
            throw new IllegalArgumentException(table.where(firstText, column) + ": " + table.text(firstText, column)
                    + " is no number of reasonable size; leave the field empty where a number is missing");
        }
        return values;
    }

    /** The number that a text is, or NaN. */
    private static double parsed(String text, char separator) {
        try {
            double value = Double.parseDouble(separator == ';' ? text.strip().replace(',', '.') : text.strip());
            return Math.abs(value) <= LARGEST ? value : Double.NaN;
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /**
     * Fills gaps on the line between their neighbors, those at an end with the nearest number, and returns how many
     * there were.
     */
    private static int fill(double[] values) {
        int gaps = 0;
        int last = -1;
        for (int t = 0; t <= values.length; t++) {
            if (t < values.length && Double.isNaN(values[t])) {
                gaps++;
                continue;
            }
            for (int g = last + 1; g < t; g++) {
                values[g] = last < 0
                        ? values[t]
                        : t == values.length
                                ? values[last]
                                : values[last] + (values[t] - values[last]) * (g - last) / (t - last);
            }
            last = t;
        }
        return gaps;
    }
}
