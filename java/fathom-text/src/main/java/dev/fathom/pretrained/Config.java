package dev.fathom.pretrained;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import dev.fathom.files.Gguf;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.InputFile;
import dev.fathom.json.Json;
import dev.fathom.op.Activation;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file of settings, such as a model's {@code config.json}. What it says is checked where it is asked for. */
final class Config {
    /** No such file is longer than a few thousand characters. */
    private static final long LONGEST = 1 << 22;
    /** The deepest that are published have fewer than 200. */
    private static final int MOST_LAYERS = 1000;
    /** More labels than any model has. */
    private static final int MOST_LABELS = 1 << 20;

    private static final Map<String, Activation> ACTIVATIONS = new TreeMap<>(Map.of(
            "gelu", Activation.GELU,
            "gelu_new", Activation.GELU_TANH,
            "gelu_fast", Activation.GELU_TANH,
            "gelu_pytorch_tanh", Activation.GELU_TANH,
            "quick_gelu", Activation.QUICK_GELU,
            "relu", Activation.RELU,
            "silu", Activation.SILU,
            "swish", Activation.SILU,
            "tanh", Activation.TANH));

    private final Path file;
    private final JsonObject values;

    private Config(Path file, JsonObject values) {
        this.file = file;
        this.values = values;
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException if it is not a JSON object
     * @throws UncheckedIOException if it cannot be read
     */
    static Config read(Path file) {
        JsonElement all = json(file);
        if (!all.isJsonObject()) {
            throw new IllegalArgumentException(file + ": it is not a JSON object; fetch it again");
        }
        return new Config(file, all.getAsJsonObject());
    }

    /** Reads a file as the other method does, or gives no settings where it is not there. */
    static Config readIfThere(Path file) {
        return Files.exists(file) ? read(file) : new Config(file, new JsonObject());
    }

    /**
     * Reads a file that has a list of objects.
     *
     * @throws IllegalArgumentException if it has something else
     * @throws UncheckedIOException if it cannot be read
     */
    static List<Config> list(Path file) {
        if (!(json(file) instanceof JsonArray all)) {
            throw new IllegalArgumentException(file + ": it is not a JSON list; fetch it again");
        }
        List<Config> list = new ArrayList<>();
        for (JsonElement each : all) {
            if (!(each instanceof JsonObject values)) {
                throw new IllegalArgumentException(
                        file + ": its list holds something other than objects; fetch it again");
            }
            list.add(new Config(file, values));
        }
        return list;
    }

    /** The settings in a file of llama.cpp that are one value each. */
    static Config ofGguf(Path file) {
        JsonObject values = new JsonObject();
        Gguf.read(file).values().forEach((key, value) -> {
            if (value instanceof String s) {
                values.addProperty(key, s);
            } else if (value instanceof Number n) {
                values.addProperty(key, n);
            } else if (value instanceof Boolean b) {
                values.addProperty(key, b);
            }
        });
        return new Config(file, values);
    }

    static JsonElement json(Path file) {
        InputFile.mustBeFile(file, "a folder that has it");
        String text;
        try {
            if (Files.size(file) > LONGEST) {
                throw new IllegalArgumentException(
                        file + ": it has more than " + LONGEST + " bytes, as no settings have; give another file");
            }
            text = Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
        if (text.isBlank()) {
            throw new IllegalArgumentException(file + ": it is empty; fetch it again");
        }
        JsonReader in = new JsonReader(new StringReader(text));
        in.setStrictness(Strictness.LENIENT); // Python writes NaN and Infinity
        try {
            return Json.whole(in);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            throw new IllegalArgumentException(file + ": it is not JSON (" + e.getMessage() + "); fetch it again", e);
        }
    }

    Path file() {
        return file;
    }

    IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(file + ": " + what);
    }

    /** The value of the first of these keys that is there and not null. */
    private @Nullable JsonPrimitive find(String... keys) {
        for (String key : keys) {
            JsonElement e = values.get(key);
            if (e != null && !e.isJsonNull()) {
                return primitive(e, key);
            }
        }
        return null;
    }

    private JsonPrimitive primitive(JsonElement e, String key) {
        if (!e.isJsonPrimitive()) {
            throw wrong("\"" + key + "\" must be one value");
        }
        return e.getAsJsonPrimitive();
    }

    boolean has(String key) {
        return values.has(key) && !values.get(key).isJsonNull();
    }

    /** A count of at least 1, under the first of these keys that is there. */
    int count(String... keys) {
        JsonPrimitive p = find(keys);
        if (p == null) {
            throw wrong("it lacks \"" + keys[0] + "\"; give the config.json of the model");
        }
        return integer(p, keys[0], 1);
    }

    /** A count of layers, which are made before the weights can say how many there are. */
    int layers(String... keys) {
        int count = count(keys);
        if (count > MOST_LAYERS) {
            throw wrong("\"" + keys[0] + "\" is " + count + " but " + MOST_LAYERS
                    + " are the most that are read; fetch it again");
        }
        return count;
    }

    int count(String key, int otherwise) {
        JsonPrimitive p = find(key);
        return p == null ? otherwise : integer(p, key, 0);
    }

    private int integer(JsonPrimitive p, String key, int least) {
        double value = p.isNumber() ? p.getAsDouble() : Double.NaN;
        if (!(value >= least && value <= 1 << 30) || value != Math.rint(value)) {
            throw wrong("\"" + key + "\" is " + InputFile.quoted(p.getAsString()) + " but must be a whole number of at"
                    + " least " + least);
        }
        return (int) value;
    }

    /** The counts under a key, which may be one, a list, or none. */
    List<Integer> counts(String key) {
        JsonElement e = values.get(key);
        List<Integer> counts = new ArrayList<>();
        if (e instanceof JsonArray list) {
            list.forEach(each -> counts.add(integer(primitive(each, key), key, 0)));
        } else if (e != null && !e.isJsonNull()) {
            counts.add(integer(primitive(e, key), key, 0));
        }
        return counts;
    }

    double number(double otherwise, String... keys) {
        JsonPrimitive p = find(keys);
        if (p == null) {
            return otherwise;
        }
        if (!p.isNumber() || !Double.isFinite(p.getAsDouble())) {
            throw wrong("\"" + keys[0] + "\" is " + InputFile.quoted(p.getAsString()) + " but must be a number");
        }
        return p.getAsDouble();
    }

    boolean flag(String key, boolean otherwise) {
        JsonPrimitive p = find(key);
        if (p == null) {
            return otherwise;
        }
        if (!p.isBoolean()) {
            throw wrong("\"" + key + "\" is " + InputFile.quoted(p.getAsString()) + " but must be true or false");
        }
        return p.getAsBoolean();
    }

    @Nullable
    String text(String key) {
        JsonPrimitive p = find(key);
        return p == null ? null : p.getAsString();
    }

    /** The settings under a key, which must be there. */
    Config inner(String key) {
        if (!(values.get(key) instanceof JsonObject inner)) {
            throw wrong("\"" + key + "\" must be an object");
        }
        return new Config(file, inner);
    }

    /** The texts of an object under a key, by their names; none where it is not there. */
    Map<String, String> named(String key) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (has(key)) {
            inner(key)
                    .values
                    .entrySet()
                    .forEach(e -> texts.put(
                            e.getKey(), primitive(e.getValue(), e.getKey()).getAsString()));
        }
        return texts;
    }

    /** The texts under a key: those of a list, or of one text with bars between them, or none. */
    List<String> texts(String key) {
        if (values.get(key) instanceof JsonArray list) {
            List<String> texts = new ArrayList<>();
            list.forEach(each -> texts.add(primitive(each, key).getAsString()));
            return texts;
        }
        String whole = text(key);
        return whole == null
                ? List.of()
                : Arrays.stream(whole.split("\\|")).map(String::strip).toList();
    }

    /** The name of the net's class in transformers, if it is there. */
    @Nullable
    String architecture() {
        return values.get("architectures") instanceof JsonArray all
                        && !all.isEmpty()
                        && all.get(0) instanceof JsonPrimitive name
                ? name.getAsString()
                : null;
    }

    /** The names of a head's outputs: those of {@code id2label}, or as many as {@code num_labels}, by default 2. */
    List<String> labels() {
        JsonObject named = values.get("id2label") instanceof JsonObject all ? all : new JsonObject();
        int n = named.isEmpty() ? count("num_labels", 2) : named.size();
        if (n < 1 || n > MOST_LABELS) {
            throw wrong("it has " + n + " labels but must have 1 to " + MOST_LABELS);
        }
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            JsonElement label = named.isEmpty() ? new JsonPrimitive("LABEL_" + i) : named.get(Integer.toString(i));
            if (!(label instanceof JsonPrimitive name)) {
                throw wrong("\"id2label\" has " + n + " labels but none for " + i + "; number them from 0");
            }
            labels.add(name.getAsString());
        }
        return List.copyOf(labels);
    }

    /** These settings with the net of this name, and the labels and the kind of problem of its head. */
    Config headed(String architecture, List<String> labels, @Nullable String problem) {
        JsonObject with = values.deepCopy();
        JsonArray names = new JsonArray();
        names.add(architecture);
        with.add("architectures", names);
        List.of("num_labels", "id2label", "label2id", "problem_type").forEach(with::remove);
        if (!labels.isEmpty()) {
            JsonObject byNumber = new JsonObject();
            JsonObject byLabel = new JsonObject();
            for (int i = 0; i < labels.size(); i++) {
                byNumber.addProperty(Integer.toString(i), labels.get(i));
                byLabel.addProperty(labels.get(i), i);
            }
            with.add("id2label", byNumber);
            with.add("label2id", byLabel);
        }
        if (problem != null) {
            with.addProperty("problem_type", problem);
        }
        return new Config(file, with);
    }

    /** These settings as JSON, with the keys that are null. */
    String json() {
        return values.toString();
    }

    /** The activation of a CrossEncoder's scores, under the key of sentence-transformers 4 or the one before it. */
    @Nullable
    String scoreActivation() {
        return values.get("sentence_transformers") instanceof JsonObject inner && inner.has("activation_fn")
                ? new Config(file, inner).text("activation_fn")
                : text("sbert_ce_default_activation_function");
    }

    /** The content of a special token, which stands there alone or as an object. */
    @Nullable
    String token(String key) {
        return values.get(key) instanceof JsonObject inner ? new Config(file, inner).text("content") : text(key);
    }

    /** Refuses a setting with another value than this. */
    void mustBe(String key, String value) {
        String found = text(key);
        if (found != null && !found.equals(value)) {
            throw wrong("\"" + key + "\" is " + InputFile.quoted(found) + " but only \"" + value + "\" is known");
        }
    }

    /** The activation under this key. */
    Activation activation(String key, String otherwise) {
        String name = text(key);
        Activation found = ACTIVATIONS.get(name == null ? otherwise : name);
        if (found == null) {
            throw wrong("\"" + key + "\" is " + InputFile.quoted(String.valueOf(name)) + " but only "
                    + ACTIVATIONS.keySet() + " are known");
        }
        return found;
    }
}
