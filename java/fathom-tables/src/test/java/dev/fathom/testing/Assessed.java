package dev.fathom.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import java.util.stream.Stream;

/** The cases of assess.json, which scikit-learn and SciPy have computed. */
public final class Assessed {
    /** Roundings in double precision. */
    public static final double EXACT = 1e-13;

    public static final JsonObject GOLDEN =
            new JsonStreamParser(Golden.text("assess.json")).next().getAsJsonObject();

    public static Stream<JsonObject> cases(JsonObject of, String name) {
        return of.getAsJsonArray(name).asList().stream().map(JsonElement::getAsJsonObject);
    }

    public static int[] ints(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }

    /** NaN for null. */
    public static double[] doubles(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToDouble(Assessed::number)
                .toArray();
    }

    public static double number(JsonElement e) {
        return e.isJsonNull() ? Double.NaN : e.getAsDouble();
    }

    public static void assertClose(String what, double found, JsonElement expected, double tolerance) {
        double e = number(expected);
        if (Double.isNaN(e)) {
            assertThat(found).as(what).isNaN();
        } else {
            assertThat(found).as(what).isCloseTo(e, within(tolerance * Math.max(1e-3, Math.abs(e))));
        }
    }

    public static void assertClose(String what, double[] found, JsonElement expected) {
        JsonArray all = expected.getAsJsonArray();
        assertThat(found).as(what).hasSize(all.size());
        for (int i = 0; i < found.length; i++) {
            assertClose(what + " " + i, found[i], all.get(i), EXACT);
        }
    }

    private Assessed() {}
}
