package dev.fathom.table;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import dev.fathom.data.RowSampling;
import dev.fathom.io.TextFile;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Rows of texts under named columns, as in a CSV file (RFC 4180). A table does not guess what its texts mean; an
 * {@link Encoder} says it. A part of a table is a list of row numbers over the same texts, and each row knows the line
 * it came from.
 *
 * <p>A value is missing if it is empty, {@code NA} or {@code NaN}, unless {@link #missing} says otherwise.
 */
public final class Table {
    /** 268 million: a dataset of more would not be made. */
    private static final int MOST_ROWS = 1 << 28;

    /** Columns with up to so many different texts keep one copy of each. */
    private static final int SHARED = 1 << 12;

    /** The texts of missing values, where nothing else is said. */
    static final Set<String> MISSING = Set.of("", "NA", "NaN");

    private final String file;
    /** Name to texts. */
    private final Map<String, String[]> columns;

    private final long[] lines;
    private final int[] rows;
    private final Set<String> missing;

    private Table(String file, Map<String, String[]> columns, long[] lines, int[] rows, Set<String> missing) {
        this.file = file;
        this.columns = columns;
        this.lines = lines;
        this.rows = rows;
        this.missing = missing;
    }

    // ---- making

    /**
     * Reads a file, plain or gzip, in UTF-8, with commas and the names of the columns in its first line. Spaces around
     * a text are not part of it, nor around its quotes, empty lines are left out, and a column without a name is called
     * by its number ({@code column 1}).
     *
     * @throws IllegalArgumentException if a line has more or fewer fields than the first, two columns have one name, a
     *     quote is never closed, the file is not UTF-8, or it has no rows
     * @throws UncheckedIOException if it cannot be read
     */
    public static Table csv(Path file) {
        return csv(file, ',');
    }

    /** Reads a file with another separator, such as a tab. If the first line is data, give the names of the columns. */
    public static Table csv(Path file, char separator, String... names) {
        Reader in = TextFile.open(file, "a csv file");
        try (in;
                CsvReader<CsvRecord> reader = CsvReader.builder()
                        .fieldSeparator(separator)
                        .allowUnclosedQuote(false)
                        .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                        .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                        .ofCsvRecord(in)) {
            return new Records(file, List.of(names)).read(reader);
        } catch (CsvParseException e) {
            throw new IllegalArgumentException(
                    file + ": " + cause(e) + "; a field with a quote, a separator or a line end in it is \"quoted\"",
                    e);
        } catch (IOException e) {
            throw TextFile.failure(file, e);
        } catch (UncheckedIOException e) {
            throw TextFile.failure(file, Objects.requireNonNull(e.getCause()));
        }
    }

    private static String cause(CsvParseException e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }

    /** Collects the rows of one file. */
    private static final class Records {
        private final Path file;
        private List<String> names;
        private final List<String[]> rows = new ArrayList<>();
        private long[] lines = new long[64];

        Records(Path file, List<String> names) {
            this.file = file;
            this.names = names;
        }

        Table read(Iterable<CsvRecord> records) {
            List<Map<String, String>> seen = new ArrayList<>();
            for (CsvRecord record : records) {
                int n = record.getFieldCount();
                if (names.isEmpty()) {
                    names = header(record);
                    continue;
                }
                if (n != names.size()) {
                    throw new IllegalArgumentException(
                            file + " line " + record.getStartingLineNumber() + ": it has " + n
                                    + (n == 1 ? " field" : " fields") + " but there are " + names.size()
                                    + " columns; mend the line, or name another separator");
                }
                if (rows.size() == MOST_ROWS) {
                    throw new IllegalArgumentException(file + ": it has more than " + MOST_ROWS + " rows; split it");
                }
                while (seen.size() < n) {
                    seen.add(new HashMap<>());
                }
                String[] row = new String[n];
                for (int i = 0; i < n; i++) {
                    row[i] = shared(seen.get(i), stripped(record.getField(i)));
                }
                if (rows.size() == lines.length) {
                    lines = Arrays.copyOf(lines, 2 * lines.length);
                }
                lines[rows.size()] = record.getStartingLineNumber();
                rows.add(row);
            }
            if (rows.isEmpty()) {
                throw new IllegalArgumentException(file + ": it has no rows; give at least one");
            }
            return table();
        }

        /**
         * Without spaces around it, and without quotes that a space hid from the parser: {@code ann, "Rome"} is in
         * Rome, as {@code ann,Rome} is.
         */
        private static String stripped(String field) {
            String text = field.strip();
            boolean hidden = text.length() > 1
                    && text.startsWith("\"")
                    && text.endsWith("\"")
                    && Character.isWhitespace(field.charAt(0));
            return hidden
                    ? text.substring(1, text.length() - 1).replace("\"\"", "\"").strip()
                    : text;
        }

        private List<String> header(CsvRecord record) {
            List<String> all = new ArrayList<>();
            for (String name : record.getFields()) {
                all.add(name.isBlank() ? "column " + (all.size() + 1) : stripped(name));
            }
            return all;
        }

        private static String shared(Map<String, String> seen, String text) {
            String same = seen.get(text);
            if (same != null) {
                return same;
            }
            if (seen.size() < SHARED) {
                seen.put(text, text);
            }
            return text;
        }

        private Table table() {
            Map<String, String[]> columns = new LinkedHashMap<>();
            for (int i = 0; i < names.size(); i++) {
                String[] texts = new String[rows.size()];
                for (int r = 0; r < texts.length; r++) {
                    texts[r] = rows.get(r)[i];
                }
                if (columns.put(names.get(i), texts) != null) {
                    throw new IllegalArgumentException(
                            file + ": two columns are called " + names.get(i) + "; give each a name of its own");
                }
            }
            int[] all = IntStream.range(0, rows.size()).toArray();
            return new Table(String.valueOf(file.getFileName()), columns, lines, all, MISSING);
        }
    }

    // ---- what it holds

    /** Returns the number of rows. */
    public int size() {
        return rows.length;
    }

    /** Returns the names of the columns, in their order. */
    public List<String> columns() {
        return List.copyOf(columns.keySet());
    }

    /**
     * Returns the text of row {@code row}, counted from 0, in a column.
     *
     * @throws IllegalArgumentException if there is no such row or column
     */
    public String text(int row, String column) {
        return column(column)[rows[checked("text", row)]];
    }

    /**
     * Returns the different texts of a column, such as the names of classes, sorted as numbers if all are numbers.
     *
     * @throws IllegalArgumentException if there is no such column, or a value is missing
     */
    public List<String> classes(String column) {
        return Encoding.Fitted.sorted(column, this);
    }

    /**
     * Returns the number of each row's class in a column, in the order of {@link #classes}.
     *
     * @throws IllegalArgumentException if there is no such column, or a value is missing
     */
    public int[] labels(String column) {
        return labels(column, classes(column));
    }

    /**
     * Returns the number of each row's class in a column, where the classes are those of another table, such as the one
     * that a model learned from: {@code test.labels("kind", train.classes("kind"))}.
     *
     * @throws IllegalArgumentException if there is no such column, or a text is none of the classes
     */
    public int[] labels(String column, List<String> classes) {
        Map<String, Integer> numbers = new HashMap<>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        int[] labels = new int[size()];
        for (int row = 0; row < labels.length; row++) {
            Integer label = numbers.get(text(row, column));
            if (label == null) {
                throw new IllegalArgumentException(where(row, column) + ": " + text(row, column)
                        + " is none of the classes " + classes + "; name all classes, or leave the row out");
            }
            labels[row] = label;
        }
        return labels;
    }

    /** Returns whether the text of a row in a column stands for a missing value. */
    public boolean missing(int row, String column) {
        return missing.contains(text(row, column));
    }

    /** Returns where a value stands, for messages: {@code people.csv line 12, column age}. */
    public String where(int row, String column) {
        text(row, column);
        return file + " line " + line(row) + ", column " + column;
    }

    /**
     * Returns the line of the file on which a row begins, from 1, where the names of the columns and empty lines count
     * too.
     *
     * @throws IllegalArgumentException if there is no such row
     */
    public long line(int row) {
        return lines[rows[checked("line", row)]];
    }

    private int checked(String asked, int row) {
        if (row < 0 || row >= rows.length) {
            throw new IllegalArgumentException(asked + ": row " + row + " is outside [0, " + rows.length + "); " + file
                    + " has " + rows.length + " rows");
        }
        return row;
    }

    private String[] column(String name) {
        String[] texts = columns.get(name);
        if (texts == null) {
            throw new IllegalArgumentException(file + " has no column " + name + "; it has " + columns.keySet());
        }
        return texts;
    }

    /** Returns a short form such as {@code Table people.csv, 322 rows of 20 columns}. */
    @Override
    public String toString() {
        return "Table " + file + ", " + rows.length + (rows.length == 1 ? " row of " : " rows of ") + columns.size()
                + (columns.size() == 1 ? " column" : " columns");
    }

    // ---- parts

    /** Returns this table with other texts for missing values. Without any, every text is a value. */
    public Table missing(String... texts) {
        return new Table(file, columns, lines, rows, Set.copyOf(Arrays.asList(texts)));
    }

    /**
     * Returns the rows in which no value of these columns is missing; without names, no value at all.
     *
     * @throws IllegalArgumentException if a column does not exist, or no row is complete
     */
    public Table complete(String... names) {
        List<String> wanted = names.length == 0 ? columns() : List.of(names);
        wanted.forEach(this::column);
        return rows(
                "complete: every row of " + file + " lacks one of " + wanted + "; name fewer columns",
                row -> wanted.stream().noneMatch(name -> missing.contains(column(name)[row])));
    }

    /**
     * Returns the rows whose text in {@code column} is accepted by {@code wanted}.
     *
     * @throws IllegalArgumentException if there is no such column or no such row
     */
    public Table where(String column, Predicate<String> wanted) {
        String[] texts = column(column);
        return rows(
                "where: no row of " + file + " has such a text in column " + column + "; choose another condition",
                row -> wanted.test(texts[row]));
    }

    private Table rows(String none, IntPredicate wanted) {
        int[] some = Arrays.stream(rows).filter(wanted).toArray();
        if (some.length == 0) {
            throw new IllegalArgumentException(none);
        }
        return rows(some);
    }

    private Table rows(int[] some) {
        return new Table(file, columns, lines, some, missing);
    }

    /**
     * Returns rows {@code from} to {@code to - 1}.
     *
     * @throws IllegalArgumentException unless {@code 0 <= from < to <= size()}
     */
    public Table take(int from, int to) {
        if (from < 0 || from >= to || to > rows.length) {
            throw new IllegalArgumentException("take: " + from + " to " + to + " is no part of " + rows.length
                    + " rows; choose 0 <= from < to <= " + rows.length);
        }
        return rows(Arrays.copyOfRange(rows, from, to));
    }

    /**
     * Returns the rows of these numbers, counted from 0, in this order. A number may come more than once.
     *
     * @throws IllegalArgumentException if there are none, or one does not exist
     */
    public Table subset(int... numbers) {
        if (numbers.length == 0) {
            throw new IllegalArgumentException("subset: there are no rows; give at least one");
        }
        int[] some = new int[numbers.length];
        for (int i = 0; i < some.length; i++) {
            if (numbers[i] < 0 || numbers[i] >= rows.length) {
                throw new IllegalArgumentException("subset: row " + numbers[i] + " is outside [0, " + rows.length
                        + "); give the number of one that exists");
            }
            some[i] = rows[numbers[i]];
        }
        return rows(some);
    }

    /**
     * Two parts of a table.
     *
     * @param rest the rows that were not held out
     * @param heldOut the rows that were held out
     */
    public record Split(Table rest, Table heldOut) {}

    /**
     * Holds {@code count} randomly chosen rows out. Both parts keep the order of the whole; the choice depends on
     * {@code seed} alone.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count < size()}
     */
    public Split split(int count, long seed) {
        return split(RowSampling.split(rows.length, count, seed, "rows"));
    }

    /**
     * Holds {@code count} randomly chosen rows out and keeps the shares of the texts of {@code column}: of k rows with
     * the same text, {@code count k / size()} are held out, rounded down or up. Both parts keep the order of the whole;
     * the choice depends on {@code seed} alone.
     *
     * @throws IllegalArgumentException if there is no such column, or unless {@code 1 <= count < size()}
     */
    public Split stratified(String column, int count, long seed) {
        String[] texts = column(column);
        Map<String, Integer> numbers = new HashMap<>();
        int[] kind = new int[rows.length];
        for (int i = 0; i < kind.length; i++) {
            kind[i] = numbers.computeIfAbsent(texts[rows[i]], text -> numbers.size());
        }
        return split(RowSampling.stratified(kind, numbers.size(), count, seed, "rows"));
    }

    private Split split(RowSampling.Parts parts) {
        return new Split(picked(parts.rest()), picked(parts.heldOut()));
    }

    private Table picked(int[] some) {
        return rows(Arrays.stream(some).map(i -> rows[i]).toArray());
    }
}
