package dev.fathom.serve.http;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * JSON as values and back: an object is a map, an array of numbers a {@code double[]}, any other array a list, a number
 * a {@code Double}.
 */
final class Json {
    private static final int DEEPEST = 16;
    private static final Pattern PLACE = Pattern.compile("at line [0-9]+ column [0-9]+");

    private Json() {}

    // ---- reading

    /**
     * Reads a text.
     *
     * @throws HttpException with status 400 if it is no JSON
     */
    static @Nullable Object read(String text) {
        try (JsonReader in = new JsonReader(new StringReader(text))) {
            in.setStrictness(Strictness.STRICT);
            Object value = value(in, 0);
            checkEnd(in);
            return value;
        } catch (EOFException e) {
            throw new HttpException(400, "the body ends within its JSON value; send all of it");
        } catch (MalformedJsonException | IllegalStateException | NumberFormatException e) {
            throw new HttpException(400, "the body is no JSON" + place(e) + "; send one value of JSON");
        } catch (IOException e) {
            throw new HttpException(400, "the body cannot be read: " + e.getMessage());
        }
    }

    private static void checkEnd(JsonReader in) throws IOException {
        boolean end;
        try {
            end = in.peek() == JsonToken.END_DOCUMENT;
        } catch (MalformedJsonException e) {
            end = false;
        }
        if (!end) {
            throw new HttpException(400, "the body goes on behind its JSON value; send one value");
        }
    }

    /** Where the reader stopped, without its advice to programmers. */
    private static String place(Exception e) {
        Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
        return place.find() ? " " + place.group() : "";
    }

    private static @Nullable Object value(JsonReader in, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new HttpException(400, "the body is nested more than " + DEEPEST + " deep");
        }
        return switch (in.peek()) {
            case BEGIN_ARRAY -> array(in, depth);
            case BEGIN_OBJECT -> object(in, depth);
            case NUMBER -> number(in);
            case STRING -> in.nextString();
            case BOOLEAN -> in.nextBoolean();
            default -> {
                in.nextNull();
                yield null;
            }
        };
    }

    private static double number(JsonReader in) throws IOException {
        double value = in.nextDouble();
        if (!Double.isFinite((float) value)) {
            throw new HttpException(400, "the number " + value + " is too large for a float");
        }
        return value;
    }

    private static Object array(JsonReader in, int depth) throws IOException {
        in.beginArray();
        Object all = in.peek() == JsonToken.NUMBER ? numbers(in) : list(in, depth);
        in.endArray();
        return all;
    }

    private static double[] numbers(JsonReader in) throws IOException {
        double[] all = new double[16];
        int n = 0;
        while (in.hasNext()) {
            if (in.peek() != JsonToken.NUMBER) {
                throw new HttpException(400, "an array of numbers holds something else at element " + n);
            }
            if (n == all.length) {
                all = Arrays.copyOf(all, 2 * n);
            }
            all[n++] = number(in);
        }
        return Arrays.copyOf(all, n);
    }

    private static List<@Nullable Object> list(JsonReader in, int depth) throws IOException {
        List<@Nullable Object> all = new ArrayList<>();
        while (in.hasNext()) {
            all.add(value(in, depth + 1));
        }
        return all;
    }

    private static Map<String, @Nullable Object> object(JsonReader in, int depth) throws IOException {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (all.containsKey(name)) {
                throw new HttpException(400, "the body has \"" + name + "\" twice in one object");
            }
            all.put(name, value(in, depth + 1));
        }
        in.endObject();
        return all;
    }

    // ---- examples

    /** The numbers of an array, in their order, however it is nested. */
    static double[] flat(@Nullable Object array) {
        if (array instanceof double[] numbers) {
            return numbers;
        }
        if (array instanceof List<?> list) {
            return list.stream().map(Json::flat).flatMapToDouble(Arrays::stream).toArray();
        }
        throw new HttpException(400, "an input is " + array + "; give an array of numbers");
    }

    private static int depth(@Nullable Object array) {
        return array instanceof List<?> list && !list.isEmpty() ? 1 + depth(list.get(0)) : 1;
    }

    /** The examples of an input that has a length, of which each may have its own, or else as many as there are. */
    static List<double[]> examples(Spec input, @Nullable Object array) {
        if (input.has(Dim.LENGTH)) {
            if (depth(array) >= input.dims().length && array instanceof List<?> list) {
                return list.stream().map(Json::flat).toList();
            }
            return List.of(flat(array));
        }
        return rows(input, flat(array));
    }

    /** The examples of an input without a length. */
    static List<double[]> rows(Spec input, double[] all) {
        int size = Math.toIntExact(input.elements(1, 1));
        if (all.length == 0 || all.length % size != 0) {
            throw new HttpException(
                    400,
                    "an example of input " + input + " takes " + size + " values but " + all.length
                            + " were given; give some times " + size);
        }
        List<double[]> rows = new ArrayList<>();
        for (int from = 0; from < all.length; from += size) {
            rows.add(Arrays.copyOfRange(all, from, from + size));
        }
        return rows;
    }

    // ---- members of an object

    /**
     * A text as a list of one, or the texts of an array.
     *
     * @param what it is, for the message
     */
    static List<String> texts(String what, @Nullable Object value) {
        List<?> all = value instanceof String ? List.of(value) : value instanceof List<?> list ? list : List.of();
        if (all.isEmpty() || !all.stream().allMatch(String.class::isInstance)) {
            throw new HttpException(400, what + " must be a text or an array of texts, of which there is at least one");
        }
        return all.stream().map(String.class::cast).toList();
    }

    /** The text of this name, or another where it is not given. */
    static String text(Map<?, ?> object, String name, String otherwise) {
        Object value = object.get(name);
        if (value != null && !(value instanceof String)) {
            throw new HttpException(400, "\"" + name + "\" must be a text");
        }
        return value == null ? otherwise : (String) value;
    }

    /** The whole number of this name, or another where it is not given. */
    static int whole(Map<?, ?> object, String name, int otherwise, int least, int most) {
        Object value = object.get(name);
        if (value == null) {
            return otherwise;
        }
        if (!(value instanceof Double x) || x != Math.rint(x) || x < least || x > most) {
            throw new HttpException(
                    400, "\"" + name + "\" is " + value + "; give a whole number from " + least + " to " + most);
        }
        return x.intValue();
    }

    /** The number of this name, or another where it is not given. */
    static float number(Map<?, ?> object, String name, float otherwise) {
        Object value = object.get(name);
        if (value != null && !(value instanceof Double)) {
            throw new HttpException(400, "\"" + name + "\" must be a number");
        }
        return value == null ? otherwise : ((Double) value).floatValue();
    }

    /** Whether the member of this name is true; it need not be there. */
    static boolean flag(Map<?, ?> object, String name) {
        Object value = object.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw new HttpException(400, "\"" + name + "\" must be true or false");
        }
        return Boolean.TRUE.equals(value);
    }

    // ---- writing

    /** What writes a value. */
    interface Content {
        void write(JsonWriter out) throws IOException;
    }

    static String write(Content content) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.setHtmlSafe(true); // it also becomes part of a page
            content.write(out);
        } catch (IOException e) {
            throw new IllegalStateException(e); // a string takes all
        }
        return text.toString();
    }

    static String error(String message) {
        return write(out -> out.beginObject().name("error").value(message).endObject());
    }

    /** The values of one example of an output, nested as its dimensions are. */
    static void example(JsonWriter out, Spec output, double[] values) throws IOException {
        int[] dims = output.dims();
        int[] inner = Arrays.copyOfRange(dims, 1, dims.length);
        int steps = ServedModel.steps(output, values.length);
        for (int d = 0; d < inner.length; d++) {
            inner[d] = inner[d] == Dim.LENGTH ? steps : inner[d];
        }
        nested(out, output.dtype(), values, inner, 0, 0);
    }

    private static int nested(JsonWriter out, DType type, double[] values, int[] dims, int d, int from)
            throws IOException {
        if (d == dims.length) {
            number(out, type, values[from]);
            return from + 1;
        }
        out.beginArray();
        int at = from;
        for (int i = 0; i < dims[d]; i++) {
            at = nested(out, type, values, dims, d + 1, at);
        }
        out.endArray();
        return at;
    }

    /** A number, or null where JSON has none: for NaN and infinity. */
    static void number(JsonWriter out, DType type, double value) throws IOException {
        if (!Double.isFinite(value)) {
            out.nullValue();
        } else if (type.isWhole()) {
            out.value((long) value);
        } else {
            out.value((float) value);
        }
    }
}
