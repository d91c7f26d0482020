package dev.fathom.files;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights in several files beside an index, as Hugging Face's libraries write them:
 * {@code model.safetensors.index.json} and {@code pytorch_model.bin.index.json}, whose {@code weight_map} names the
 * file of each tensor (<a href="https://huggingface.co/docs/transformers/big_models">Transformers</a>). The parts may
 * be of any format that is read, but they lie in the folder of the index.
 */
public final class Sharded implements TensorFormat {
    private static final String MAP = "weight_map";
    private static final long LONGEST = 1 << 26;

    /** For {@link java.util.ServiceLoader}. */
    public Sharded() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        return text.stripLeading().startsWith("{")
                && (text.contains('"' + MAP + '"')
                        || String.valueOf(file.getFileName()).contains(".index."));
    }

    @Override
    public TensorFile open(Path file) {
        InputFile.mustBeFile(file, "an index of files of tensors");
        Map<String, TensorFile> parts = new LinkedHashMap<>();
        boolean done = false;
        try {
            TensorFile result = new Index(file).read(parts);
            done = true;
            return result;
        } finally {
            if (!done) {
                parts.values().forEach(TensorFile::close);
            }
        }
    }

    @Override
    public String toString() {
        return "an index of several files";
    }

    /** One index. */
    private static final class Index {
        private final Path file;
        private final Map<String, String> map = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean mapped;

        Index(Path file) {
            this.file = file;
        }

        TensorFile read(Map<String, TensorFile> parts) {
            try (Reader text = Files.newBufferedReader(file);
                    JsonReader json = new JsonReader(text)) {
                if (Files.size(file) > LONGEST) {
                    throw wrong("it has more than " + LONGEST + " bytes");
                }
                json.setStrictness(Strictness.STRICT);
                parse(json);
            } catch (MalformedJsonException | CharacterCodingException | EOFException | IllegalStateException e) {
                throw wrong("it is not the JSON of an index");
            } catch (IOException e) {
                throw InputFile.unreadable(file, e);
            }
            if (!mapped) {
                throw new IllegalArgumentException(file + ": it has no " + MAP
                        + ", as the index of several files of tensors has; give the file of the tensors themselves");
            }
            List<TensorFile.Entry> entries = new ArrayList<>();
            Map<TensorFile, Set<String>> names = new HashMap<>();
            for (Map.Entry<String, String> place : map.entrySet()) {
                TensorFile part = parts.computeIfAbsent(place.getValue(), this::part);
                if (!names.computeIfAbsent(part, p -> Set.copyOf(p.names())).contains(place.getKey())) {
                    throw wrong("it says that the tensor " + InputFile.quoted(place.getKey()) + " lies in "
                            + InputFile.quoted(place.getValue()) + ", which has no such tensor");
                }
                entries.add(part.entry(place.getKey()));
            }
            parts.values().forEach(p -> p.metadata().forEach(metadata::putIfAbsent));
            List<TensorFile> all = List.copyOf(parts.values());
            return new TensorFile(file.toString(), entries, metadata, () -> all.forEach(TensorFile::close));
        }

        private TensorFile part(String name) {
            Path folder = file.toAbsolutePath().resolveSibling("").normalize();
            Path part;
            try {
                part = folder.resolve(name).normalize();
            } catch (InvalidPathException e) {
                throw wrong("it names the file " + InputFile.quoted(name) + ", which no file can be called");
            }
            if (!part.startsWith(folder) || part.equals(folder) || name.endsWith(".json")) {
                throw wrong(
                        "it names the file " + InputFile.quoted(name) + ", which is no file of tensors in its folder");
            }
            if (!Files.isRegularFile(part)) {
                throw new IllegalArgumentException(file + ": it names the file " + InputFile.quoted(name)
                        + ", which does not lie beside it; fetch all of the parts");
            }
            return TensorFile.open(part);
        }

        private void parse(JsonReader json) throws IOException {
            json.beginObject();
            while (json.hasNext()) {
                String key = json.nextName();
                if (key.equals(MAP) && json.peek() == JsonToken.BEGIN_OBJECT) {
                    mapped = true;
                    strings(json, map);
                } else if (key.equals("metadata") && json.peek() == JsonToken.BEGIN_OBJECT) {
                    strings(json, metadata);
                } else {
                    json.skipValue();
                }
            }
            json.endObject();
        }

        private void strings(JsonReader json, Map<String, String> to) throws IOException {
            json.beginObject();
            while (json.hasNext()) {
                String key = json.nextName();
                if (json.peek() != JsonToken.STRING && json.peek() != JsonToken.NUMBER) {
                    json.skipValue();
                } else if (to.put(key, json.nextString()) != null) {
                    throw wrong("it names " + InputFile.quoted(key) + " twice");
                }
            }
            json.endObject();
        }

        private IllegalArgumentException wrong(String what) {
            return Opening.damaged(file + ": " + what);
        }
    }
}
