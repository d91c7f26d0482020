package dev.fathom.linear;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What NumPy, SciPy and scikit-learn compute: test-data/goldens/statistics.json. */
final class LinearGolden {
    static final JsonObject ALL = read();

    private LinearGolden() {}

    private static JsonObject read() {
        try {
            return new Gson()
                    .fromJson(
                            Files.readString(
                                    Path.of(System.getProperty("fathom.root"), "test-data/goldens/statistics.json")),
                            JsonObject.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static double[] doubles(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    static int[] ints(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }

    static double[][] rows(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .map(LinearGolden::doubles)
                .toArray(double[][]::new);
    }
}
