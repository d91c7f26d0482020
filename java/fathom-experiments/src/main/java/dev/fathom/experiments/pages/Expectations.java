package dev.fathom.experiments.pages;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.fathom.experiments.pages.Figure.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is expected of a lab's figures, in a file that is written before the lab runs: {@code expected/NAME.csv} with
 * the columns of {@link Expectation}. So no band can depend on what was measured, but for a baseline that the row
 * names.
 */
public final class Expectations {
    private final List<Expectation> rows;

    private Expectations(List<Expectation> rows) {
        this.rows = List.copyOf(rows);
    }

    /**
     * Reads what is expected of a lab; nothing where there is no file of its name.
     *
     * @throws IllegalArgumentException if a row is wrong, with the row and the fix
     */
    public static Expectations of(String lab) {
        try (Reader text = resource(lab + ".csv")) {
            return text == null ? new Expectations(List.of()) : read(lab + ".csv", text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read what is expected of the lab " + lab, e);
        }
    }

    /** Reads rows, whose first is the header. */
    public static Expectations read(String name, Reader text) throws IOException {
        List<Expectation> rows = new ArrayList<>();
        try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(text)) {
            for (NamedCsvRecord row : csv) {
                rows.add(new Expectation(
                        row.getField("figure"),
                        Kind.valueOf(row.getField("kind").toUpperCase(Locale.ROOT)),
                        row.getField("low"),
                        row.getField("high"),
                        row.getField("published"),
                        row.getField("source"),
                        row.getField("first"),
                        row.getField("why")));
            }
        } catch (CsvParseException | IllegalArgumentException | java.util.NoSuchElementException e) {
            throw new IllegalArgumentException(name + ": row " + (rows.size() + 1) + " is wrong: " + e.getMessage(), e);
        }
        return new Expectations(rows);
    }

    /**
     * Holds a figure to the first row of its name.
     *
     * @param whole whether to give it the band, too; the run is not the one that is meant otherwise
     */
    public Figure judge(Figure f, boolean whole) {
        Figure plain =
                new Figure(f.name(), f.unit(), f.measured(), f.interval(), f.baseline(), f.of(), "", "", null, null);
        Expectation row = row(f);
        if (row == null) {
            return plain;
        }
        Figure cited = row.kind() == Kind.BASELINE || row.kind() == Kind.SANITY
                ? plain
                : plain.published(row.published(), row.source());
        return whole ? cited.expected(row.kind(), row.band(f)) : cited;
    }

    /** Holds figures to their rows. */
    public List<Figure> judge(List<Figure> figures, boolean whole) {
        return figures.stream().map(f -> judge(f, whole)).toList();
    }

    private @Nullable Expectation row(Figure f) {
        return rows.stream().filter(r -> r.isOf(f)).findFirst().orElse(null);
    }

    /** The rows to which none of these figures is held. */
    public List<String> unmet(List<Figure> figures) {
        List<@Nullable Expectation> met = figures.stream().map(this::row).toList();
        return rows.stream()
                .filter(row -> !met.contains(row))
                .map(Expectation::figure)
                .toList();
    }

    /** Why the band of a figure is not the one that was first written down; empty where it is. */
    String why(Figure f) {
        Expectation row = row(f);
        return row == null ? "" : row.why();
    }

    /**
     * Reads {@code expected/misses.csv}: why figures of stored runs miss their bands, by the lab and the figure.
     *
     * @throws IllegalArgumentException if two rows name the same figure
     */
    public static Map<String, Map<String, String>> misses() {
        Map<String, Map<String, String>> reasons = new TreeMap<>();
        try (Reader text = Objects.requireNonNull(resource("misses.csv"));
                CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(text)) {
            for (NamedCsvRecord row : csv) {
                String before = reasons.computeIfAbsent(row.getField("lab"), lab -> new TreeMap<>())
                        .put(row.getField("figure"), row.getField("reason"));
                if (before != null) {
                    throw new IllegalArgumentException("misses.csv: two rows are of \"" + row.getField("figure")
                            + "\" of the lab " + row.getField("lab"));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read misses.csv", e);
        }
        return reasons;
    }

    private static @Nullable Reader resource(String name) {
        InputStream file = Expectations.class.getResourceAsStream("/dev/fathom/labs/expected/" + name);
        return file == null ? null : new InputStreamReader(file, StandardCharsets.UTF_8);
    }
}
