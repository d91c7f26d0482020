package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.decode.CausalNet;
import dev.fathom.io.TensorFile;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Folders that transformers and sentence-transformers have written are read as they are, and give what those libraries
 * answer (test-data/pretrained/by_transformers.py).
 */
class ByTransformersTest {
    private static final Path ALL =
            Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "by-transformers");

    @TempDir
    Path temp;

    /** What the libraries answer for each text or pair. */
    private record Expected(List<Case> cases) {
        static Expected of(Path folder) throws IOException {
            return new Gson().fromJson(Files.readString(folder.resolve("expected.json")), Expected.class);
        }
    }

    private record Case(
            List<String> texts, String text, int[] ids, float[][] values, String greedy, String penalized) {}

    private record Sentences(List<String> texts, float[][] values, float[][] query) {}

    private record Pairs(List<List<String>> pairs, float[] values) {}

    private static List<Path> folders(String names) throws IOException {
        try (Stream<Path> all = Files.list(ALL)) {
            return all.filter(f -> f.getFileName().toString().matches(names))
                    .sorted()
                    .toList();
        }
    }

    static List<Path> heads() throws IOException {
        return folders("(?!sentences).*-(words|classes|tokens|answers|mean)");
    }

    static List<Path> decoders() throws IOException {
        return folders("llama-.*|gpt2");
    }

    static List<Path> sentences() throws IOException {
        return folders("sentences-.*");
    }

    private static void close(float[] values, float[][] expected, String what) {
        int width = expected[0].length;
        assertThat(values).as(what).hasSize(expected.length * width);
        for (int i = 0; i < values.length; i++) {
            float each = expected[i / width][i % width];
            assertThat(values[i]).as(what + " " + i).isCloseTo(each, within(2e-5f + 2e-5f * Math.abs(each)));
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void aHead(Path folder) throws IOException {
        try (HeadTuning head = HeadTuning.stored(folder);
                Pass pass = Pass.infer()) {
            for (Case each : Expected.of(folder).cases) {
                List<String> texts = each.texts;
                EncodedText text = texts.size() == 1
                        ? head.tokenizer().encode(texts.get(0))
                        : head.tokenizer().encode(texts.get(0), texts.get(1));
                assertThat(text.ids()).as(texts.toString()).containsExactly(each.ids);
                close(head.logits(List.of(text)).toArray(), each.values, texts.toString());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void itsEncoder(Path folder) throws IOException {
        try (Model<TextEncoder> model = Pretrained.encoder(folder);
                HeadTuning head = HeadTuning.stored(folder);
                Pass pass = Pass.infer()) {
            TextBatch batch = TextBatch.of(head.tokenizer().encode(List.of("anna sees a dog", "who ?")));
            assertThat(model.net().encode(batch).toArray())
                    .containsExactly(head.model().net().encoder().encode(batch).toArray());
        }
    }

    /** Transformers finds each tensor under the name that it gave it, with the same bits. */
    @ParameterizedTest
    @MethodSource("heads")
    void aSavedHead(Path folder) throws IOException {
        Path saved = temp.resolve("saved");
        try (HeadTuning head = HeadTuning.stored(folder)) {
            head.save(saved);
        }
        try (TensorFile before = TensorFile.open(folder.resolve("model.safetensors"));
                TensorFile after = TensorFile.open(saved.resolve("model.safetensors"))) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String name : before.names()) {
                assertThat(after.shape(name)).as(name).isEqualTo(before.shape(name));
                assertThat(floats(after, name)).as(name).containsExactly(floats(before, name));
            }
        }
    }

    private static float[] floats(TensorFile file, String name) {
        float[] values = new float[(int) file.shape(name).size()];
        file.copy(name, FloatBuffer.wrap(values));
        return values;
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void aDecoder(Path folder) throws IOException {
        try (Model<CausalNet> model = Pretrained.decoder(folder);
                TextWriter writer = TextWriter.load(folder)) {
            PretrainedTokenizer tokenizer = PretrainedTokenizer.read(folder);
            for (Case each : Expected.of(folder).cases) {
                assertThat(tokenizer.encode(each.text).ids()).as(each.text).containsExactly(each.ids);
                try (Pass pass = Pass.infer()) {
                    Tensor logits = model.net().forward(Tensor.ofInts(each.ids, 1, each.ids.length));
                    close(logits.toArray(), each.values, each.text);
                }
                TextWriter twenty = writer.sampling(writer.sampling().maxTokens(20));
                assertThat(each.text + twenty.write(each.text)).isEqualTo(each.greedy);
                TextWriter penalized = twenty.sampling(twenty.sampling().repetitionPenalty(1.3f));
                assertThat(each.text + penalized.write(each.text)).isEqualTo(each.penalized);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sentences")
    void sentences(Path folder) throws IOException {
        Sentences expected = new Gson().fromJson(Files.readString(folder.resolve("expected.json")), Sentences.class);
        try (Embedder embedder = Embedder.load(folder)) {
            assertThat(embedder.longest()).isEqualTo(10); // one of the texts is longer
            assertThat(embedder.prompts()).containsEntry("query", "who is ").containsEntry("document", "");
            Embedder query = embedder.prompt(embedder.prompts().get("query"));
            for (int i = 0; i < expected.texts.size(); i++) {
                String text = expected.texts.get(i);
                close(embedder.embed(text), new float[][] {expected.values[i]}, text);
                close(query.embed(text), new float[][] {expected.query[i]}, "query " + text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reranker-sigmoid", "reranker-identity"})
    void aReranker(String name) throws IOException {
        Path folder = ALL.resolve(name);
        Pairs expected = new Gson().fromJson(Files.readString(folder.resolve("expected.json")), Pairs.class);
        try (Reranker reranker = Reranker.load(folder)) {
            for (int i = 0; i < expected.pairs.size(); i++) {
                List<String> pair = expected.pairs.get(i);
                float[] score = reranker.scores(pair.get(0), List.of(pair.get(1)));
                close(score, new float[][] {{expected.values[i]}}, pair.toString());
            }
        }
    }

    @Test
    void aPromptOfAReranker() throws IOException {
        String settings = "{\"default_prompt_name\": \"query\", \"prompts\": {\"query\": \"q: \"}}";
        Path folder = changed("reranker-sigmoid", "config_sentence_transformers.json", settings);
        assertThatThrownBy(() -> Reranker.load(folder)).hasMessageContaining("\"default_prompt_name\" is not null");
    }

    @Test
    void noRoomForAQuery() throws IOException {
        Path folder = changed("reranker-sigmoid", "tokenizer_config.json", "{\"model_max_length\": 2}");
        assertThatThrownBy(() -> Reranker.load(folder)).hasMessageContaining("may have 2 in all, so that nothing");
        Path file = folder.resolve("tokenizer.json");
        JsonObject tokenizer = new Gson().fromJson(Files.readString(file), JsonObject.class);
        tokenizer.remove("post_processor");
        Files.writeString(file, tokenizer.toString());
        assertThatThrownBy(() -> Reranker.load(folder)).hasMessageContaining("sets no tokens around a text");
    }

    @Test
    void vectorsOfTokensAlone() throws IOException {
        Path folder = ALL.resolve("static");
        Sentences expected = new Gson().fromJson(Files.readString(folder.resolve("expected.json")), Sentences.class);
        try (Embedder embedder = Embedder.load(folder)) {
            for (int i = 0; i < expected.texts.size(); i++) {
                close(embedder.embed(expected.texts.get(i)), new float[][] {expected.values[i]}, expected.texts.get(i));
            }
        }
    }

    /** A copy of a folder, with this text in a file. */
    private Path changed(String name, String file, String text) throws IOException {
        Path from = ALL.resolve(name);
        Path to = Files.createTempDirectory(temp, name);
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.filter(Files::isRegularFile).toList()) {
                Path copy = to.resolve(from.relativize(each).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(each, copy);
            }
        }
        Files.writeString(to.resolve(file), text);
        return to;
    }

    @Test
    void settingsOfOlderVersions() throws IOException {
        String pooling = "{\"word_embedding_dimension\": 16, \"pooling_mode_mean_tokens\": false, "
                + "\"pooling_mode_cls_token\": true, \"include_prompt\": true}";
        String shorter = "{\"max_seq_length\": 6, \"do_lower_case\": true}"; // the tokenizer writes small letters
        try (Embedder now = Embedder.load(ALL.resolve("sentences-cls"));
                Embedder older = Embedder.load(changed("sentences-cls", "1_Pooling/config.json", pooling));
                Embedder six = Embedder.load(changed("sentences-cls", "sentence_bert_config.json", shorter))) {
            assertThat(older.embed("Anna lives in Paris.")).containsExactly(now.embed("anna lives in paris ."));
            assertThat(six.longest()).isEqualTo(6);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1_Pooling/config.json | {\"pooling_mode\": \"max\"} | its poolings are [max] but exactly one of [mean,",
                "1_Pooling/config.json | {\"pooling_mode\": [\"cls\", \"mean\"]} | its poolings are [cls, mean] but",
                "1_Pooling/config.json | {\"pooling_mode_max_tokens\": true} | its poolings are [max] but exactly one",
                "1_Pooling/config.json | {} | its poolings are [] but exactly one of [mean, cls, lasttoken, weightedmean,",
                "1_Pooling/config.json | {\"pooling_mode\": \"cls\", \"include_prompt\": false} | \"include_prompt\" is false",
                "sentence_bert_config.json | {\"max_seq_length\": -1} | \"-1\" but must be a whole number of at least 0",
                "sentence_bert_config.json | {\"max_seq_length\": 0.5} | \"0.5\" but must be a whole number of at least 0",
                "tokenizer_config.json | {\"model_max_length\": -1} | \"model_max_length\" is -1.0 but must be at least 1",
                "config_sentence_transformers.json | {\"prompts\": {\"query\": {}}} | \"query\" must be one value",
                "config_sentence_transformers.json | {\"prompts\": []} | \"prompts\" must be an object",
                "sentence_bert_config.json | {\"max_seq_length\": 2} | which may have 2 in all, so that nothing of the text",
                "modules.json | {} | modules.json: it is not a JSON list",
                "modules.json | [1] | modules.json: its list holds something other than objects",
                "modules.json | [{}] | modules.json: a module has no type",
                "modules.json | [{\"type\": {}}] | modules.json: \"type\" must be one value",
                "modules.json | [{\"type\": \"x.Pooling\", \"path\": []}] | modules.json: \"path\" must be one value",
                "modules.json | [{\"type\": \"x.Dense\", \"path\": \"../x\"}] | the path \"../x\" leaves the folder"
            })
    void settingsThatAreNotKnown(String file, String text, String message) throws IOException {
        Path folder = changed("sentences-cls", file, text);
        assertThatThrownBy(() -> Embedder.load(folder)).hasMessageContaining(message);
    }

    @Test
    void smallLettersForATokenizerThatKeepsCapitalOnes() throws IOException {
        Path folder = changed("sentences-cls", "sentence_bert_config.json", "{\"do_lower_case\": true}");
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("\"lowercase\": true", "\"lowercase\": false"));
        assertThatThrownBy(() -> Embedder.load(folder)).hasMessageContaining("keeps capital letters");
    }

    /** A saved folder has the dense layer behind the encoder; vectors that pass one are not trained. */
    @Test
    void aDenseLayerIsKept() throws IOException {
        Path folder = ALL.resolve("sentences-dense");
        Path saved = temp.resolve("saved");
        try (Model<TextEncoder> model = Pretrained.encoder(folder)) {
            Pretrained.save(model, folder, saved);
            assertThatThrownBy(() -> TextVectors.read(folder, model.net())).hasMessageContaining("pass a Dense module");
        }
        try (Embedder before = Embedder.load(folder);
                Embedder after = Embedder.load(saved)) {
            assertThat(before.dimensions()).isEqualTo(8);
            assertThat(after.embed("a dog")).containsExactly(before.embed("a dog"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"in_features\": 24, \"out_features\": 8} | \"in_features\" is 24 but the vectors of the encoder have 16",
                "{\"in_features\": 16, \"out_features\": 9} | does not fit the model: it has shapes",
                "{\"in_features\": 16, \"out_features\": 8, \"bias\": \"x\"} | must be true or false",
                "{\"in_features\": 16, \"out_features\": 8, \"activation_function\": \"torch.nn.Mish\"} | only Tanh and Identity",
                "{\"in_features\": 16, \"out_features\": 8, \"module_input_name\": \"token_embeddings\"} | but only \"sentence_emb"
            })
    void denseLayersThatAreNotKnown(String text, String message) throws IOException {
        Path folder = changed("sentences-dense", "2_Dense/config.json", text);
        assertThatThrownBy(() -> Embedder.load(folder)).hasMessageContaining(message);
    }

    @Test
    void twoDenseLayers() throws IOException {
        String modules = Files.readString(ALL.resolve("sentences-dense").resolve("modules.json"));
        Path folder = changed("sentences-dense", "modules.json", modules.replace("Normalize", "Dense"));
        assertThatThrownBy(() -> Embedder.load(folder)).hasMessageContaining("only one Dense is known");
    }
}
