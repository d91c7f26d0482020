package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as values and back: an object is a map, an array of numbers a {@code double[]}, any other array a list, a number
 * a {@code Double}.
 */
final class Json {
    private Json() {}

    /**
     * Reads a text.
     *
     * @throws HttpException with status 400 if it is no JSON
     */
    static @Nullable Object read(String text) {
        return new JsonText(text).read();
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
        } else if (type == DType.F32) {
            out.value((float) value);
        } else {
            out.value((long) value);
        }
    }
}
