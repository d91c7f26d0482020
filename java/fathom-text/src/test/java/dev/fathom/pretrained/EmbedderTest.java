package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders that others wrote give their vectors, and a text gives the same bits wherever it stands. */
class EmbedderTest {
    @TempDir
    Path temp;

    private static Path folder(String name) {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "models").resolve(name);
        assumeTrue(Files.isDirectory(folder), "published encoders are not tested: FATHOM_DATA has no models/" + name);
        return folder;
    }

    private static float[] floats(JsonElement list) {
        JsonArray a = list.getAsJsonArray();
        float[] values = new float[a.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = a.get(i).getAsFloat();
        }
        return values;
    }

    private static void close(float[] actual, float[] expected, float tolerance, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("%s[%d]", what, i).isCloseTo(expected[i], within(tolerance));
        }
    }

    /** The vectors are those of a forward pass in NumPy with float64, which lie beside the weights. */
    @Test
    void aBertFolder() throws IOException {
        Path folder = folder("coldfire-tiny-bert-nomic").resolve("tiny_bert");
        JsonObject expected =
                new Gson().fromJson(Files.readString(folder.resolve("expected-numpy.json")), JsonObject.class);
        try (Embedder embedder = Embedder.load(folder)) {
            assertThat(embedder.dimensions()).isEqualTo(32);
            List<String> texts = new ArrayList<>();
            List<float[]> vectors = new ArrayList<>();
            for (JsonElement each : expected.getAsJsonArray("cases")) {
                texts.add(each.getAsJsonObject().get("text").getAsString());
                vectors.add(floats(each.getAsJsonObject().get("mean_pool_l2")));
            }
            float[][] ours = embedder.embed(texts);
            for (int i = 0; i < ours.length; i++) {
                close(ours[i], vectors.get(i), 2e-6f, texts.get(i));
            }
            assertThat(embedder.tokensPerSecond()).isPositive();
        }
    }

    /** The vectors are those that model2vec's own tests expect. */
    @ParameterizedTest
    @ValueSource(strings = {"float32", "float16", "int8", "sentence-transformers"})
    void staticVectors(String kind) throws IOException {
        Path models = folder("model2vec-static");
        try (Embedder embedder = Embedder.load(models.resolve("test-model-" + kind))) {
            float[][] expected = {
                floats(new Gson()
                        .fromJson(Files.readString(models.resolve("embeddings_short.json")), JsonArray.class)
                        .get(0)),
                floats(new Gson()
                        .fromJson(Files.readString(models.resolve("embeddings_long.json")), JsonArray.class)
                        .get(0))
            };
            float[][] ours = embedder.normalized(true).embed(List.of("hello world", "hello ".repeat(1000)));
            for (int i = 0; i < 2; i++) {
                close(ours[i], expected[i], kind.equals("int8") ? 0.05f : kind.equals("float16") ? 2e-3f : 1e-5f, kind);
            }
        }
    }

    @Test
    void staticVectorsOfClusters() throws IOException {
        Path models = folder("model2vec-static");
        try (Embedder embedder = Embedder.load(models.resolve("test-model-vocab-quantized"))) {
            float[] expected = floats(new Gson()
                    .fromJson(Files.readString(models.resolve("embeddings_vocab_quantized.json")), JsonArray.class)
                    .get(0));
            close(embedder.embed("hello ".repeat(1000)), expected, 1e-5f, "clusters");
        }
    }

    /** A text alone, in any batch and beside other threads gives the same bits. */
    @Test
    void theSameBitsInAnyBatch() throws Exception {
        Path folder = folder("coldfire-tiny-bert-nomic").resolve("tiny_bert");
        Random random = new Random(7);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            texts.add(random.ints(random.nextInt(60), 'a', 'k')
                    .mapToObj(Character::toString)
                    .reduce("", (a, b) -> a + b + (b.equals("a") ? " " : "")));
        }
        texts.add("");
        texts.add("a b c d ".repeat(400)); // is cut
        try (Embedder embedder = Embedder.load(folder)) {
            List<float[]> alone = texts.stream().map(embedder::embed).toList();
            ExecutorService threads = Executors.newFixedThreadPool(3);
            List<Future<float[][]>> all = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                Callable<float[][]> job = () -> embedder.embed(texts);
                all.add(threads.submit(job));
            }
            for (Future<float[][]> each : all) {
                float[][] vectors = each.get();
                for (int i = 0; i < vectors.length; i++) {
                    assertThat(vectors[i]).as(texts.get(i)).containsExactly(alone.get(i));
                }
            }
            threads.shutdown();
            assertThat(embedder.embed(List.of())).isEmpty();
        }
    }

    @Test
    void promptsAndFirstDimensions() {
        Path folder = folder("coldfire-tiny-bert-nomic").resolve("tiny_bert");
        try (Embedder embedder = Embedder.load(folder)) {
            assertThat(embedder.prompt("query: ").embed("a b")).containsExactly(embedder.embed("query: a b"));
            float[] whole = embedder.normalized(false).embed("a b");
            float[] cut = embedder.dimensions(8).normalized(false).embed("a b");
            assertThat(cut).containsExactly(java.util.Arrays.copyOf(whole, 8));
            float[] unit = embedder.dimensions(8).embed("a b");
            assertThat(Embedder.cosine(unit, cut)).isCloseTo(1, within(1e-6f));
            assertThatThrownBy(() -> embedder.dimensions(33))
                    .hasMessage("Embedder: 33 dimensions of vectors of 32 cannot be kept; give 1 to 32");
        }
    }

    @Test
    void aClosedEmbedderSaysSo() {
        Embedder embedder = Embedder.load(folder("coldfire-tiny-bert-nomic").resolve("tiny_bert"));
        embedder.embed("a");
        embedder.close();
        embedder.close();
        assertThatThrownBy(() -> embedder.embed("a")).isInstanceOf(IllegalStateException.class);
    }

    /** Its file is named, however it is damaged, and a folder that is not there. */
    @Test
    void aConfigThatIsNoJsonIsNamed() throws IOException {
        Path file = temp.resolve("config.json");
        assertThatThrownBy(() -> Embedder.load(temp))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + file + ": it does not exist; give the path of a folder that has it");
        for (String[] damage : new String[][] {
            {" ", "it is empty; fetch it again"},
            {"{", "it is not JSON (End of input at line 1 column 2 path $.); fetch it again"},
            {"{} 1", "it is not JSON (more follows the first value); fetch it again"},
            {"[".repeat(9999), "it is not JSON (it nests more than 100 objects and lists); fetch it again"},
            {"[NaN]", "it is not a JSON object; fetch it again"}
        }) {
            Files.writeString(file, damage[0]);
            assertThatThrownBy(() -> Embedder.load(temp))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": " + damage[1]);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"model_type\": \"t5\" => the family \"t5\" is not known; those are [bert, ",
                "\"hidden_size\": 33 => heads=4 disagree",
                "\"hidden_size\": 64 => does not fit the model: it has shapes",
                "\"hidden_size\": -1 => \"hidden_size\" is \"-1\" but must be a whole number of at least 1",
                "\"num_hidden_layers\": 1073741824 => \"num_hidden_layers\" is 1073741824 but 1000 are the most that are read",
                "\"num_hidden_layers\": 3 => it lacks [encoder.layers.2.self_attn.in_proj_weight, ",
                "\"hidden_act\": \"sine\" => \"hidden_act\" is \"sine\" but only [gelu, ",
                "\"vocab_size\": 100 => does not fit the model: it has shapes [words.weight [256, 32] for [100, 32]]",
                "\"position_embedding_type\": \"relative_key\" => \"relative_key\" but only \"absolute\" is known"
            })
    void whatAConfigSaysWronglyIsNamed(String line) throws IOException {
        Path from = folder("coldfire-tiny-bert-nomic").resolve("tiny_bert");
        for (String name : List.of("model.safetensors", "tokenizer.json")) {
            Files.copy(from.resolve(name), temp.resolve(name));
        }
        String[] parts = line.split(" => ");
        String key = parts[0].substring(0, parts[0].indexOf(':'));
        String config = Files.readString(from.resolve("config.json")).replaceAll(key + ": [^,\n]+", parts[0]);
        Files.writeString(temp.resolve("config.json"), config);
        assertThatThrownBy(() -> Embedder.load(temp))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(parts[1]);
    }
}
