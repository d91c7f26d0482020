package dev.fathom.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.StringReader;

/**
 * Reads JSON as a tree, by Gson's reader of tokens alone: what Gson needs for trees of any classes takes a tenth of a
 * second to load, which is a seventh of a start.
 */
public final class Json {
    private static final int DEEPEST = 100;
    /** Digits and a sign that a long surely holds. */
    private static final int LONG = 18;

    private Json() {}

    /**
     * Reads a text that is one value.
     *
     * @throws IllegalArgumentException if it nests too deeply
     * @throws IOException if it is no JSON
     */
    public static JsonElement read(String text) throws IOException {
        return whole(new JsonReader(new StringReader(text)));
    }

    /**
     * Reads one value, behind which nothing may follow.
     *
     * @throws IllegalArgumentException if it nests too deeply
     * @throws IOException if it is no JSON
     */
    public static JsonElement whole(JsonReader in) throws IOException {
        JsonElement all = read(in);
        if (in.peek() != JsonToken.END_DOCUMENT) {
            throw new MalformedJsonException("more follows the first value");
        }
        return all;
    }

    /**
     * Reads what comes next.
     *
     * @throws IllegalArgumentException if it nests too deeply
     * @throws IOException if it is no JSON
     */
    public static JsonElement read(JsonReader in) throws IOException {
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
                return new JsonPrimitive(number(in.nextString()));
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

    /** A long where it is written as one, so that it is written again as it was. */
    private static Number number(String text) throws IOException {
        if (text.length() <= LONG && text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0) {
            return Long.valueOf(text);
        }
        double value = Double.parseDouble(text);
        if (Double.isInfinite(value)) {
            throw new MalformedJsonException("a number is beyond those of 64 bits");
        }
        return value;
    }
}
