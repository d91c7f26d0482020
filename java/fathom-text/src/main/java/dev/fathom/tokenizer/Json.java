package dev.fathom.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;

/** Reads a part of a JSON file as a tree. */
final class Json {
    private static final int DEEPEST = 100;

    private Json() {}

    static JsonElement read(String text) throws IOException {
        try (JsonReader in = new JsonReader(new StringReader(text))) {
            return read(in);
        }
    }

    /**
     * Reads what comes next.
     *
     * @throws IllegalArgumentException if it nests too deeply
     * @throws IOException if it is no JSON
     */
    static JsonElement read(JsonReader in) throws IOException {
        return read(in, 0);
    }

    private static JsonElement read(JsonReader in, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("it nests more than " + DEEPEST + " objects and lists");
        }
        switch (in.peek()) {
            case BEGIN_OBJECT -> {
                JsonObject object = new JsonObject();
                in.beginObject();
                while (in.hasNext()) {
                    object.add(in.nextName(), read(in, depth + 1));
                }
                in.endObject();
                return object;
            }
            case BEGIN_ARRAY -> {
                JsonArray array = new JsonArray();
                in.beginArray();
                while (in.hasNext()) {
                    array.add(read(in, depth + 1));
                }
                in.endArray();
                return array;
            }
            case STRING -> {
                return new JsonPrimitive(in.nextString());
            }
            case NUMBER -> {
                return new JsonPrimitive(Double.valueOf(in.nextDouble()));
            }
            case BOOLEAN -> {
                return new JsonPrimitive(in.nextBoolean());
            }
            case NULL -> {
                in.nextNull();
                return JsonNull.INSTANCE;
            }
            default -> throw new IllegalArgumentException("it ends too early");
        }
    }
}
