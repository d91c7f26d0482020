package dev.fathom.bench;

import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run has done so far, so that one that was cut off goes on where it was. The first line of the file says what
 * is measured, where and how; a run of another commit, machine or options begins anew. Each line behind it is an entry,
 * and one that was cut off is left out.
 */
final class Journal {
    /**
     * Something that a run has done.
     *
     * @param name of a row, or of a block of rows that are measured together
     * @param threads of the row
     * @param generation of the row
     * @param nanos that its contenders took
     * @param told what they must agree on
     * @param rows of a block
     * @param abouts what the contenders said of themselves
     */
    record Entry(
            String name,
            int threads,
            int generation,
            Map<String, double[]> nanos,
            double[] told,
            List<Measurement> rows,
            List<String> abouts) {
        /** A generation of a row. */
        static Entry of(Row row, int generation, Map<String, double[]> nanos, double[] told, List<String> abouts) {
            return new Entry(row.name(), row.threads(), generation, nanos, told, List.of(), abouts);
        }

        /** Whether it is of this row. */
        boolean is(Row row) {
            return name.equals(row.name()) && threads == row.threads();
        }

        /** A block. */
        static Entry of(String block, List<Measurement> rows, List<String> abouts) {
            return new Entry(block, 0, 0, Map.of(), new double[0], rows, abouts);
        }
    }

    private final Path file;
    private final List<Entry> entries = new ArrayList<>();

    /** Opens the journal of the run that {@code what} describes in a line. */
    Journal(Path file, String what) throws IOException {
        this.file = file;
        List<String> lines = Files.exists(file) ? lines(file) : List.of();
        if (!lines.isEmpty() && lines.get(0).equals(what)) {
            for (String line : lines.subList(1, lines.size())) {
                Entry entry = entry(line);
                if (entry != null) {
                    entries.add(entry);
                }
            }
        }
        StringBuilder text = new StringBuilder(what + "\n");
        entries.forEach(entry -> text.append(Report.GSON.toJson(entry)).append('\n'));
        Files.writeString(file, text);
    }

    /** The last line may end inside a character. */
    private static List<String> lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static @Nullable Entry entry(String line) {
        try {
            return Report.GSON.fromJson(line, Entry.class);
        } catch (JsonParseException cutOff) {
            return null;
        }
    }

    /** What was done before. */
    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** The entry of a block; null where it is still to be measured. */
    @Nullable
    Entry block(String name) {
        return entries.stream()
                .filter(e -> e.name().equals(name) && e.threads() == 0)
                .findFirst()
                .orElse(null);
    }

    /** Takes down what was done. */
    void add(Entry entry) throws IOException {
        entries.add(entry);
        Files.writeString(file, Report.GSON.toJson(entry) + "\n", StandardOpenOption.APPEND);
    }

    /** Ends a run that needs nothing more. */
    void end() throws IOException {
        Files.delete(file);
    }
}
