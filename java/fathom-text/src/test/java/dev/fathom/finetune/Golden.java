package dev.fathom.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What PyTorch computes, as test-data/pretrained/finetune.py writes it down. */
final class Golden {
    private static final Gson GSON = new Gson();

    private Golden() {}

    static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", name);
    }

    static JsonObject expected() throws IOException {
        return GSON.fromJson(Files.readString(folder("finetune").resolve("expected.json")), JsonObject.class);
    }

    static float[] floats(JsonElement numbers) {
        return GSON.fromJson(numbers, float[].class);
    }

    static int[] ints(JsonElement numbers) {
        return GSON.fromJson(numbers, int[].class);
    }

    static String[][] texts(JsonElement texts) {
        return GSON.fromJson(texts, String[][].class);
    }

    /** A tensor of a case, in the current pass. */
    static Tensor tensor(JsonObject of, String name) {
        JsonObject t = of.getAsJsonObject("tensors").getAsJsonObject(name);
        return Tensor.of(floats(t.get("values")), ints(t.get("shape")));
    }

    static void loss(Tensor actual, JsonObject of) {
        double expected = of.get("loss").getAsDouble();
        assertThat((double) actual.item()).isCloseTo(expected, within(1e-5 * Math.max(1, Math.abs(expected))));
    }

    /** The gradients are within 1e-5 of the largest of them, in absolute value. */
    static void gradient(float[] actual, JsonObject of, String name) {
        close(actual, floats(of.getAsJsonObject("gradients").get(name)), name);
    }

    static void close(float[] actual, float[] expected, String name) {
        assertThat(actual).as(name).hasSameSizeAs(expected);
        float largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        assertThat(largest).as(name).isPositive();
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as(name + " " + i).isCloseTo(expected[i], within(2e-5f * largest));
        }
    }
}
