package dev.fathom.table;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The text of a fitted encoding:
 *
 * <pre>{@code
 * {"fathom.encoding": 1, "unknownAsZeros": false, "missingAsNaN": false, "columns": [
 *   {"name": "income", "kind": "number", "target": false,
 *    "steps": [{"step": "log"}, {"step": "standardize", "from": 9.1, "by": 1.5}]},
 *   {"name": "city", "kind": "one-hot", "target": false, "categories": ["Oslo", "Rome"]}]}
 * }</pre>
 *
 * <p>A step other than a logarithm is (x - from) / by. Doubles are written so that they are read as the same ones.
 */
final class EncodingJson {
    private static final String FORMAT = "fathom.encoding";
    private static final int VERSION = 1;

    /** Of columns, steps and texts in one list. */
    private static final int MOST = 1 << 24;

    private EncodingJson() {}

    // ---- writing

    static String write(boolean unknownAsZeros, boolean missingAsNaN, Iterable<Encoding.Fitted> columns) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            json.name(FORMAT).value(VERSION);
            json.name("unknownAsZeros").value(unknownAsZeros);
            json.name("missingAsNaN").value(missingAsNaN);
            json.name("columns").beginArray();
            for (Encoding.Fitted f : columns) {
                json.beginObject();
                json.name("name").value(f.column.name());
                json.name("kind").value(word(f.column.kind()));
                json.name("target").value(f.column.target());
                if (categorical(f.column.kind())) {
                    json.name("categories").beginArray();
                    for (String category : f.categories) {
                        json.value(category);
                    }
                    json.endArray();
                } else if (f.column.kind() == Encoder.Kind.NUMBER) {
                    json.name("steps").beginArray();
                    for (int i = 0; i < f.scales.length; i++) {
                        Encoding.Scale scale = f.scales[i];
                        json.beginObject();
                        json.name("step").value(word(f.column.steps().get(i)));
                        if (scale != null) {
                            json.name("from").value(scale.from());
                            json.name("by").value(scale.by());
                        }
                        json.endObject();
                    }
                    json.endArray();
                }
                json.endObject();
            }
            json.endArray();
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static boolean categorical(Encoder.Kind kind) {
        return kind == Encoder.Kind.ONE_HOT || kind == Encoder.Kind.LABEL;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    // ---- reading

    /**
     * Reads what {@link #write} wrote.
     *
     * @param name what errors call the text
     * @throws IllegalArgumentException if it is another text, or no encoder could have written it
     */
    static Encoding read(String text, String name) {
        try (JsonReader json = new JsonReader(new StringReader(text))) {
            Encoding encoding = encoding(json);
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw new IllegalStateException("there is something after the last }");
            }
            return encoding;
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    name + ": it holds no encoding (" + reason(e) + "); save it again with Encoding.save", e);
        }
    }

    private static String reason(Exception e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n'); // gson goes on with an address
        String line = (end < 0 ? message : message.substring(0, end)).replaceAll("\\p{Cntrl}", "?");
        return line.length() <= 200 ? line : line.substring(0, 200) + "...";
    }

    /** The keys of an object, each of which may come once. */
    private static String key(JsonReader json, Set<String> seen) throws IOException {
        String key = json.nextName();
        if (!seen.add(key)) {
            throw new IllegalStateException("an object has " + quoted(key) + " twice");
        }
        return key;
    }

    private static IllegalStateException unknown(String key) {
        return new IllegalStateException("no encoding has " + quoted(key));
    }

    private static Encoding encoding(JsonReader json) throws IOException {
        Set<String> seen = new LinkedHashSet<>();
        boolean unknownAsZeros = false;
        boolean missingAsNaN = false;
        List<Encoding.Fitted> columns = new ArrayList<>();
        json.beginObject();
        while (json.hasNext()) {
            String key = key(json, seen);
            switch (key) {
                case FORMAT -> {
                    int version = json.nextInt();
                    if (version != VERSION) {
                        throw new IllegalStateException(
                                "its version is " + version + ", and this library reads version " + VERSION);
                    }
                }
                case "unknownAsZeros" -> unknownAsZeros = json.nextBoolean();
                case "missingAsNaN" -> missingAsNaN = json.nextBoolean();
                case "columns" -> {
                    json.beginArray();
                    while (json.hasNext()) {
                        columns.add(column(json));
                        atMost(columns.size());
                    }
                    json.endArray();
                }
                default -> throw unknown(key);
            }
        }
        json.endObject();
        if (!seen.equals(Set.of(FORMAT, "unknownAsZeros", "missingAsNaN", "columns"))) {
            throw new IllegalStateException(
                    "it has " + seen.size() + " of the keys " + FORMAT + ", unknownAsZeros, missingAsNaN and columns");
        }
        check(columns);
        return new Encoding(columns, unknownAsZeros, missingAsNaN);
    }

    /** What every encoder refuses, too. */
    private static void check(List<Encoding.Fitted> columns) {
        Set<String> names = new HashSet<>();
        long labels = 0;
        long targets = 0;
        long width = 0;
        for (Encoding.Fitted f : columns) {
            if (!names.add(f.column.name())) {
                throw new IllegalStateException("two columns are called " + quoted(f.column.name()));
            }
            labels += f.column.kind() == Encoder.Kind.LABEL ? 1 : 0;
            targets += f.column.target() ? 1 : 0;
            width += f.names().size();
        }
        if (columns.isEmpty() || labels > 1 || labels == 1 && targets > 0 || width > MOST) {
            throw new IllegalStateException("it has " + columns.size() + " columns, " + labels + " labels, " + targets
                    + " targets and " + width + " features");
        }
    }

    private static Encoding.Fitted column(JsonReader json) throws IOException {
        Set<String> seen = new LinkedHashSet<>();
        String name = "";
        Encoder.Kind kind = null;
        boolean target = false;
        List<String> categories = List.of();
        List<Encoder.Step> steps = new ArrayList<>();
        List<Encoding.@Nullable Scale> scales = new ArrayList<>();
        json.beginObject();
        while (json.hasNext()) {
            String key = key(json, seen);
            switch (key) {
                case "name" -> name = string(json);
                case "kind" -> kind = constant(Encoder.Kind.values(), string(json));
                case "target" -> target = json.nextBoolean();
                case "categories" -> categories = categories(json);
                case "steps" -> {
                    json.beginArray();
                    while (json.hasNext()) {
                        step(json, steps, scales);
                        atMost(steps.size());
                    }
                    json.endArray();
                }
                default -> throw unknown(key);
            }
        }
        json.endObject();
        boolean categorical = kind != null && categorical(kind);
        if (kind == null
                || !seen.contains("name")
                || !seen.contains("target")
                || categorical == categories.isEmpty()
                || (kind == Encoder.Kind.NUMBER) != seen.contains("steps")
                || kind == Encoder.Kind.LABEL && target) {
            throw new IllegalStateException("column " + quoted(name) + " of kind " + kind + " has only " + seen);
        }
        return new Encoding.Fitted(
                new Encoder.Column(name, kind, List.copyOf(steps), target),
                categories,
                scales.toArray(new Encoding.@Nullable Scale[0]));
    }

    private static List<String> categories(JsonReader json) throws IOException {
        List<String> all = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        json.beginArray();
        while (json.hasNext()) {
            String category = string(json);
            if (!seen.add(category)) {
                throw new IllegalStateException("the category " + quoted(category) + " comes twice");
            }
            all.add(category);
            atMost(all.size());
        }
        json.endArray();
        return List.copyOf(all);
    }

    private static void step(JsonReader json, List<Encoder.Step> steps, List<Encoding.@Nullable Scale> scales)
            throws IOException {
        Set<String> seen = new LinkedHashSet<>();
        Encoder.Step step = null;
        double from = 0;
        double by = 0;
        json.beginObject();
        while (json.hasNext()) {
            String key = key(json, seen);
            switch (key) {
                case "step" -> step = constant(Encoder.Step.values(), string(json));
                case "from" -> from = json.nextDouble();
                case "by" -> by = json.nextDouble();
                default -> throw unknown(key);
            }
        }
        json.endObject();
        boolean log = step == Encoder.Step.LOG;
        if (step == null
                || seen.size() != (log ? 1 : 3)
                || !log && !(Double.isFinite(from) && by > 0 && Double.isFinite(by))) {
            throw new IllegalStateException("the step " + step + " has " + seen + ", from " + from + " and by " + by);
        }
        steps.add(step);
        scales.add(log ? null : new Encoding.Scale(from, by));
    }

    private static String string(JsonReader json) throws IOException {
        if (json.peek() != JsonToken.STRING) {
            throw new IllegalStateException(
                    "there is a " + json.peek() + " in the place of a text at " + json.getPath());
        }
        return json.nextString();
    }

    private static <T extends Enum<T>> T constant(T[] all, String word) {
        return Arrays.stream(all)
                .filter(c -> word(c).equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no " + quoted(word)));
    }

    private static void atMost(int n) {
        if (n > MOST) {
            throw new IllegalStateException("it has more than " + MOST + " of something");
        }
    }

    private static String quoted(String text) {
        return '"' + (text.length() <= 60 ? text : text.substring(0, 60) + "...") + '"';
    }
}
