package dev.fathom.experiments.pages;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fathom.experiments.pages.Figure.Range;
import dev.fathom.io.AtomicFile;
import dev.fathom.tree.Records;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A full run of a lab as a file, {@code NAME.json}: what was measured, and everything that is needed to measure it
 * again.
 *
 * @param lab its name
 * @param data what it learned from and was tested on, in a line
 * @param date of its end, such as {@code 2026-11-21}
 * @param commit of the source, with {@code " and changes"} where the source was changed after it
 * @param machine processor, Java and kernels
 * @param seed of weights, order and choice of the images held out
 * @param seconds the run took; 0 where the machine had other work to do meanwhile
 * @param figures what was measured
 */
public record StoredRun(
        String lab,
        String data,
        String date,
        String commit,
        String machine,
        long seed,
        double seconds,
        List<Figure> figures) {
    /** How {@link #data} begins where stand-ins lay in the place of data sets. */
    static final String STAND_INS = "stand-ins for ";

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    /** The 97.5 % quantiles of Student's t for 1 to 9 degrees of freedom. */
    private static final double[] STUDENT = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};

    /** Keeps its own list. */
    public StoredRun {
        figures = List.copyOf(figures);
    }

    /**
     * Writes the run as JSON, whole or not at all.
     *
     * @throws UncheckedIOException if the file cannot be written
     */
    public void write(Path file) {
        JsonObject run = new JsonObject();
        run.addProperty("lab", lab);
        run.addProperty("data", data);
        run.addProperty("date", date);
        run.addProperty("commit", commit);
        run.addProperty("machine", machine);
        run.addProperty("seed", seed);
        run.addProperty("seconds", Math.round(10 * seconds) / 10.0);
        JsonArray all = new JsonArray();
        for (Figure f : figures) {
            JsonObject one = new JsonObject();
            one.addProperty("name", f.name());
            one.addProperty("unit", f.unit());
            one.addProperty("measured", f.measured());
            range(one, "interval", f.interval());
            if (f.baseline() != null) {
                one.addProperty("baseline", f.baseline());
            }
            text(one, "of", f.of());
            text(one, "published", f.published());
            text(one, "source", f.source());
            range(one, "band", f.band());
            text(one, "kind", f.kind() == null ? "" : f.kind().word());
            text(one, "verdict", f.verdict().word());
            all.add(one);
        }
        run.add("figures", all);
        byte[] text = (GSON.toJson(run) + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, out -> out.write(text));
    }

    /** An empty text is left out. */
    private static void text(JsonObject figure, String name, String value) {
        if (!value.isEmpty()) {
            figure.addProperty(name, value);
        }
    }

    /** An open end is left out. */
    private static void range(JsonObject figure, String name, @Nullable Range range) {
        if (range == null) {
            return;
        }
        JsonObject ends = new JsonObject();
        if (Double.isFinite(range.low())) {
            ends.addProperty("low", range.low());
        }
        if (Double.isFinite(range.high())) {
            ends.addProperty("high", range.high());
        }
        figure.add(name, ends);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if the file is no stored run, with what it lacks
     * @throws UncheckedIOException if it cannot be read
     */
    public static StoredRun read(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
        try {
            JsonObject run = JsonParser.parseString(text).getAsJsonObject();
            List<Figure> figures = new ArrayList<>();
            for (JsonElement element : get(run, "figures").getAsJsonArray()) {
                JsonObject f = element.getAsJsonObject();
                Figure figure = new Figure(
                        text(f, "name"),
                        text(f, "unit"),
                        get(f, "measured").getAsDouble(),
                        range(f.get("interval")),
                        f.has("baseline") ? get(f, "baseline").getAsDouble() : null,
                        f.has("of") ? text(f, "of") : "",
                        f.has("published") ? text(f, "published") : "",
                        f.has("source") ? text(f, "source") : "",
                        f.has("kind") ? Figure.Kind.valueOf(text(f, "kind").toUpperCase(Locale.ROOT)) : null,
                        range(f.get("band")));
                String said = f.has("verdict") ? text(f, "verdict") : "";
                if (!said.equals(figure.verdict().word())) {
                    throw new IllegalArgumentException(
                            "the verdict on " + figure.name() + " does not follow from its band");
                }
                figures.add(figure);
            }
            return new StoredRun(
                    text(run, "lab"),
                    text(run, "data"),
                    text(run, "date"),
                    text(run, "commit"),
                    text(run, "machine"),
                    get(run, "seed").getAsLong(),
                    get(run, "seconds").getAsDouble(),
                    figures);
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) { // other JSON, or none
            throw new IllegalArgumentException(
                    file + " is not a stored run; store it again with ./fathom lab NAME --save", e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    file + " is not a stored run (" + e.getMessage()
                            + "); store it again with ./fathom lab NAME --save",
                    e);
        }
    }

    /**
     * Runs from several seeds as one, with the mean of each figure and its interval m ± t s / sqrt(n): s is the
     * standard deviation over the n seeds, and t the quantile of Student's distribution with n - 1 degrees of freedom.
     *
     * @param runs 2 to 10 runs of the same lab; a figure that one of them lacks is left out
     */
    public static StoredRun mean(List<StoredRun> runs) {
        StoredRun first = runs.get(0);
        int n = runs.size();
        if (n < 2 || n - 2 >= STUDENT.length) {
            throw new IllegalArgumentException(
                    "the mean of " + n + " runs has no interval; give 2 to " + (STUDENT.length + 1));
        }
        List<Figure> figures = first.figures.stream()
                .map(f -> runs.stream()
                        .flatMap(r -> r.figures.stream()
                                .filter(g -> g.name().equals(f.name()))
                                .limit(1))
                        .toList())
                .filter(same -> same.size() == n)
                .map(same -> {
                    double mean = same.stream()
                            .mapToDouble(Figure::measured)
                            .average()
                            .orElseThrow();
                    double squares = same.stream()
                            .mapToDouble(f -> Math.pow(f.measured() - mean, 2))
                            .sum();
                    double half = STUDENT[n - 2] * Math.sqrt(squares / (n - 1) / n);
                    Figure f = same.get(0);
                    Figure all = Figure.of(f.name(), f.unit(), mean).interval(mean - half, mean + half);
                    List<Double> baselines = same.stream()
                            .map(Figure::baseline)
                            .filter(Objects::nonNull)
                            .toList();
                    return baselines.size() < n
                            ? all
                            : all.baseline(
                                    baselines.stream()
                                            .mapToDouble(b -> b)
                                            .average()
                                            .orElseThrow(),
                                    f.of());
                })
                .toList();
        boolean timed = runs.stream().allMatch(r -> r.seconds > 0);
        return new StoredRun(
                first.lab,
                first.data + "; means over " + n + " seeds from " + first.seed + " on",
                runs.get(n - 1).date,
                first.commit,
                first.machine,
                first.seed,
                timed ? runs.stream().mapToDouble(StoredRun::seconds).sum() : 0,
                figures);
    }

    /**
     * This run held to what is expected of it today, whatever was expected when it was made.
     *
     * @param whole whether it was run as it is meant, so that it may be held to bands
     */
    public StoredRun judged(boolean whole) {
        return Records.with(this, "figures", Expectations.of(lab).judge(figures, whole && !onStandIns()));
    }

    /** Whether a stand-in lay in the place of a data set, so that the figures mean nothing. */
    public boolean onStandIns() {
        return data.startsWith(STAND_INS);
    }

    /**
     * Reads all stored runs of {@code labs} in a folder, by the names of the labs; there are none where the folder is
     * missing.
     *
     * @throws IllegalArgumentException if a file in {@code folder} is no stored run, or is one of a lab that is not
     *     there
     * @throws UncheckedIOException if a file cannot be read
     */
    public static Map<String, StoredRun> all(Set<String> labs, Path folder) {
        Map<String, StoredRun> runs = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return runs;
        }
        try (var files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                StoredRun run = read(file);
                if (!labs.contains(run.lab()) || !file.endsWith(run.lab() + ".json")) {
                    throw new IllegalArgumentException(file + " is a run of " + run.lab()
                            + ", which is no lab or belongs into another file; remove it, or store the run again");
                }
                runs.put(run.lab(), run.judged(true));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the folder " + folder, e);
        }
        return runs;
    }

    /** How long the run took on which machine; a machine with other work to do says nothing about the time. */
    public String cost() {
        return seconds > 0 ? String.format(Locale.ROOT, "%,.0f s on %s", seconds, machine) : "on a busy " + machine;
    }

    private static String text(JsonObject object, String name) {
        return get(object, name).getAsString();
    }

    private static JsonElement get(JsonObject object, String name) {
        JsonElement value = object.get(name);
        if (value == null) {
            throw new IllegalArgumentException("it has no " + name);
        }
        return value;
    }

    private static @Nullable Range range(@Nullable JsonElement element) {
        if (element == null) {
            return null;
        }
        JsonObject ends = element.getAsJsonObject();
        return new Range(
                ends.has("low") ? get(ends, "low").getAsDouble() : Double.NEGATIVE_INFINITY,
                ends.has("high") ? get(ends, "high").getAsDouble() : Double.POSITIVE_INFINITY);
    }
}
