package dev.fathom.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A run as it is stored: where, with what, and what came out. In the file, null stands for what a row lacks, and
 * numbers have five digits.
 *
 * @param machine it ran on
 * @param versions what each contender said of itself
 * @param commit of Fathom, with {@code -dirty} where the tree had changes
 * @param date of the run, as 2026-11-21
 * @param complete whether every row was measured, with every peer and in full length
 * @param rows the results
 */
record Report(
        Machine machine, List<String> versions, String commit, String date, boolean complete, List<Measurement> rows) {
    /** Where the runs of each kind of processor are stored. */
    static final Path STORE = Contender.BENCH.resolve("results");

    static final Gson GSON = new GsonBuilder()
            .serializeNulls()
            .disableHtmlEscaping()
            .registerTypeAdapter(double.class, new NumberAdapter())
            .registerTypeAdapter(Double.class, new NumberAdapter())
            .registerTypeAdapter(String.class, new TextAdapter())
            .create();

    /** NaN is null. */
    private static final class NumberAdapter extends TypeAdapter<Double> {
        @Override
        public void write(JsonWriter out, Double value) throws IOException {
            if (Double.isFinite(value)) {
                BigDecimal rounded = new BigDecimal(value).round(new MathContext(5));
                out.jsonValue(rounded.stripTrailingZeros().toPlainString());
            } else {
                out.nullValue();
            }
        }

        @Override
        public Double read(JsonReader in) throws IOException {
            if (in.peek() == JsonToken.NULL) {
                in.nextNull();
                return Double.NaN;
            }
            return in.nextDouble();
        }
    }

    /** The empty text is null. */
    private static final class TextAdapter extends TypeAdapter<String> {
        @Override
        public void write(JsonWriter out, String value) throws IOException {
            out.value(value.isEmpty() ? null : value);
        }

        @Override
        public String read(JsonReader in) throws IOException {
            if (in.peek() == JsonToken.NULL) {
                in.nextNull();
                return "";
            }
            return in.nextString();
        }
    }

    /** An array with a result a line, so that two versions of a file are compared line by line. */
    static String json(Collection<?> list) {
        return list.stream().map(GSON::toJson).collect(Collectors.joining(",\n  ", "[\n  ", "\n]"));
    }

    /** The file's text. */
    String json() {
        return "{\n\"machine\": " + GSON.toJson(machine) + ",\n\"versions\": " + json(versions) + ",\n\"commit\": "
                + GSON.toJson(commit) + ",\n\"date\": " + GSON.toJson(date) + ",\n\"complete\": " + complete
                + ",\n\"rows\": " + json(rows) + "\n}\n";
    }

    /** Reads a file's text. */
    static Report parse(String json) {
        Report report = GSON.fromJson(json, Report.class);
        if (report == null || report.machine == null || report.rows == null) {
            throw new JsonParseException("machine or rows are missing");
        }
        return report;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read, or is no stored run
     */
    static Report read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new IOException("there is no file " + file + "; ./fathom bench --peers --save stores a run");
        }
        try {
            return parse(Files.readString(file));
        } catch (JsonParseException e) {
            throw new IOException(file + " is not a run stored by ./fathom bench --save: " + e.getMessage(), e);
        }
    }

    /** All runs in a folder, in the order of their files' names. */
    static List<Report> stored(Path folder) throws IOException {
        List<Report> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".json"))
                        .sorted()
                        .toList()) {
                    all.add(read(file));
                }
            }
        }
        return all;
    }

    /** Writes {@link Machine#file}. */
    Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        return Files.writeString(machine.file(folder), json());
    }

    /**
     * This run with the rows of a later one in place of its own; each of them names its commit. Means over them are
     * computed anew; rows that are new come last.
     */
    Report refreshed(Report later) {
        List<Measurement> all = new ArrayList<>(rows);
        Set<String> names = later.rows.stream().map(Measurement::name).collect(Collectors.toSet());
        for (Measurement row : later.rows) {
            put(all, row.from(later.commit));
        }
        for (Row.Mean mean : Row.means()) {
            List<Measurement> anew = new ArrayList<>(all);
            if (mean.rows().stream().anyMatch(names::contains) && Measurement.mean(mean, anew)) {
                put(all, anew.get(anew.size() - 1).from(later.commit));
            }
        }
        Set<String> both = new LinkedHashSet<>(versions);
        both.addAll(later.versions);
        return new Report(machine, List.copyOf(both), commit, date, complete, all);
    }

    private static void put(List<Measurement> all, Measurement row) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).is(row.name(), row.threads())) {
                all.set(i, row);
                return;
            }
        }
        all.add(row);
    }
}
