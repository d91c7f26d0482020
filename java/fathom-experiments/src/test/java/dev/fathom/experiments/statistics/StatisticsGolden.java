package dev.fathom.experiments.statistics;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What NumPy, SciPy and scikit-learn compute: test-data/goldens/statistics.json. */
final class StatisticsGolden {
    static final JsonObject ALL = read();

    private StatisticsGolden() {}

    private static JsonObject read() {
        try {
            return JsonParser.parseString(Files.readString(
                            Path.of(System.getProperty("fathom.root"), "test-data/goldens/statistics.json")))
                    .getAsJsonObject();
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
                .map(StatisticsGolden::doubles)
                .toArray(double[][]::new);
    }
}
