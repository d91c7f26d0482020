package dev.fathom.retrieval;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import dev.fathom.io.AtomicFile;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an index knows of files, as {@code passages.json}.
 *
 * @param model what tells the model
 * @param vectors the name of the file of the vectors, one for each passage in this order
 */
record TextFiles(String model, String vectors, List<Source> sources) {
    static final Pattern VECTORS = Pattern.compile("vectors-[0-9a-f-]{36}\\.safetensors");
    private static final String FILE = "passages.json";

    /**
     * A file.
     *
     * @param time of its last change, in milliseconds
     * @param hash of its bytes, empty if it was not read
     * @param fault why it has no passages, or empty
     */
    record Source(String name, long size, long time, String hash, String fault, List<Passage> passages) {}

    void write(Path index) {
        AtomicFile.write(index.resolve(FILE), out -> {
            var json = new JsonWriter(new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8)));
            json.beginObject().name("model").value(model).name("vectors").value(vectors);
            json.name("files").beginArray();
            for (Source s : sources) {
                json.beginObject().name("name").value(s.name);
                json.name("size").value(s.size).name("time").value(s.time);
                json.name("hash").value(s.hash).name("fault").value(s.fault);
                json.name("passages").beginArray();
                for (Passage p : s.passages) {
                    json.beginArray().value(p.firstLine()).value(p.lastLine()).value(p.text());
                    json.endArray();
                }
                json.endArray().endObject();
            }
            json.endArray().endObject().flush();
        });
    }

    /** Null if there is none of this model, or it is damaged. */
    static @Nullable TextFiles read(Path index, String model) {
        Path file = index.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try (JsonReader json = new JsonReader(Files.newBufferedReader(file))) {
            json.setStrictness(Strictness.STRICT);
            json.beginObject();
            if (!text(json, "model").equals(model)) {
                return null;
            }
            String vectors = text(json, "vectors");
            List<Source> sources = new ArrayList<>();
            name(json, "files");
            json.beginArray();
            while (json.hasNext()) {
                sources.add(source(json));
            }
            json.endArray();
            json.endObject();
            return VECTORS.matcher(vectors).matches() ? new TextFiles(model, vectors, sources) : null;
        } catch (IOException | JsonParseException | IllegalStateException | NumberFormatException e) {
            return null;
        }
    }

    private static Source source(JsonReader json) throws IOException {
        json.beginObject();
        String name = text(json, "name");
        name(json, "size");
        long size = json.nextLong();
        name(json, "time");
        long time = json.nextLong();
        String hash = text(json, "hash");
        String fault = text(json, "fault");
        List<Passage> passages = new ArrayList<>();
        name(json, "passages");
        json.beginArray();
        while (json.hasNext()) {
            json.beginArray();
            passages.add(new Passage(name, json.nextInt(), json.nextInt(), json.nextString()));
            json.endArray();
        }
        json.endArray();
        json.endObject();
        return new Source(name, size, time, hash, fault, passages);
    }

    private static String text(JsonReader json, String name) throws IOException {
        name(json, name);
        return json.nextString();
    }

    private static void name(JsonReader json, String name) throws IOException {
        if (!json.nextName().equals(name)) {
            throw new IllegalStateException(name);
        }
    }
}
