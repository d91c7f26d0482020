package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.decode.CachedDecoder;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each family gives the vectors that PyTorch computes by the published graph (test-data/pretrained/families.py),
 * whatever lies beside a text.
 */
class FamiliesTest {
    private static final List<String> ENCODERS = List.of(
            "bert",
            "roberta",
            "distilbert",
            "nomic_bert",
            "mpnet",
            "modernbert",
            "deberta",
            "deberta-apart",
            "deberta-c2p");

    private static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", name);
    }

    /** The tokens and types of a text, and the vectors of its tokens. */
    private record Case(int[] ids, int[] types, float[] vectors) {
        static List<Case> of(Path folder) throws IOException {
            List<Case> cases = new ArrayList<>();
            JsonObject all = new Gson().fromJson(Files.readString(folder.resolve("expected.json")), JsonObject.class);
            for (JsonElement each : all.getAsJsonArray("cases")) {
                JsonArray rows = each.getAsJsonObject().getAsJsonArray("vectors");
                int width = rows.get(0).getAsJsonArray().size();
                float[] vectors = new float[rows.size() * width];
                for (int i = 0; i < vectors.length; i++) {
                    vectors[i] =
                            rows.get(i / width).getAsJsonArray().get(i % width).getAsFloat();
                }
                cases.add(new Case(ints(each, "ids"), ints(each, "types"), vectors));
            }
            return cases;
        }

        private static int[] ints(JsonElement from, String key) {
            JsonArray a = from.getAsJsonObject().getAsJsonArray(key);
            return IntStream.range(0, a.size()).map(i -> a.get(i).getAsInt()).toArray();
        }
    }

    /** Texts side by side, with so many further tokens behind them. */
    private static TextBatch batch(List<Case> cases, int behind) {
        int tokens = cases.stream().mapToInt(c -> c.ids.length).sum() + behind;
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        int[] places = new int[tokens];
        int[] owners = new int[tokens];
        int at = 0;
        for (int i = 0; i < cases.size(); i++) {
            for (int t = 0; t < cases.get(i).ids.length; t++, at++) {
                ids[at] = cases.get(i).ids[t];
                types[at] = cases.get(i).types[t];
                places[at] = t;
                owners[at] = i;
            }
        }
        return new TextBatch(
                Tensor.ofInts(ids, 1, tokens),
                Tensor.ofInts(types, 1, tokens),
                Tensor.ofInts(places, tokens),
                Tensor.ofInts(owners, tokens),
                Tensor.ofInts(cases.stream().mapToInt(c -> c.ids.length).toArray(), cases.size()));
    }

    @ParameterizedTest
    @FieldSource("ENCODERS")
    void theVectorsOfThePublishedGraph(String name) throws IOException {
        List<Case> cases = Case.of(folder(name));
        try (Model<TextEncoder> model = Family.read(folder(name));
                Pass pass = Pass.infer()) {
            TextEncoder net = model.net();
            assertThat(net.width()).isEqualTo(24);
            assertThat(net.vocabulary()).isEqualTo(61);
            float[] all = net.encode(batch(cases, 5)).toArray();
            int at = 0;
            for (Case c : cases) {
                float[] ours = Arrays.copyOfRange(all, at, at + c.vectors.length);
                for (int i = 0; i < ours.length; i++) {
                    assertThat(ours[i]).as("%s %d", c.ids.length, i).isCloseTo(c.vectors[i], within(1e-5f));
                }
                assertThat(net.encode(batch(List.of(c), 0)).toArray()).containsExactly(ours);
                at += ours.length;
            }
        }
    }

    /** Decoders give the logits of the published graph, of all tokens at once and of one after another. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama-3", "llama-linear", "llama-yarn"})
    void theLogitsOfThePublishedGraph(String name) throws IOException {
        try (Model<CausalNet> model = DecoderFamily.read(folder(name));
                CachedDecoder decoder = CachedDecoder.of(model);
                CachedDecoder.Sequences sequences = decoder.sequences()) {
            CausalNet net = model.net();
            assertThat(net.context()).isEqualTo(48);
            for (Case c : Case.of(folder(name))) {
                int n = c.ids.length;
                try (Pass pass = Pass.infer()) {
                    float[] ours = net.step(Tensor.ofInts(c.ids, 1, n), net.state(1, n))
                            .output()
                            .toArray();
                    for (int i = 0; i < ours.length; i++) {
                        assertThat(ours[i]).as("%s %d", n, i).isCloseTo(c.vectors[i], within(2e-5f));
                    }
                    sequences.reset();
                    for (int t = 0; t < n; t++) {
                        float[] stepped = new float[61];
                        sequences.step(c.ids[t]).get(0, stepped);
                        assertThat(stepped).containsExactly(Arrays.copyOfRange(ours, 61 * t, 61 * t + 61));
                    }
                }
            }
        }
    }

    /** The folder of a family with other settings, each a key and a value in JSON, or without a key. */
    private static Path other(Path temp, String name, String... settings) throws IOException {
        Path to = Files.createTempDirectory(temp, name);
        Files.copy(folder(name).resolve("model.safetensors"), to.resolve("model.safetensors"));
        JsonObject config =
                new Gson().fromJson(Files.readString(folder(name).resolve("config.json")), JsonObject.class);
        for (int i = 0; i < settings.length; i += 2) {
            config.remove(settings[i]);
            if (!settings[i + 1].isEmpty()) {
                config.add(settings[i], new Gson().fromJson(settings[i + 1], JsonElement.class));
            }
        }
        Files.writeString(to.resolve("config.json"), config.toString());
        return to;
    }

    private static float[] logits(Path folder) throws IOException {
        int[] ids = IntStream.range(0, 45).map(i -> 3 + i * 7 % 50).toArray();
        try (Model<CausalNet> model = DecoderFamily.read(folder);
                Pass pass = Pass.infer()) {
            return model.net()
                    .step(Tensor.ofInts(ids, 1, 45), model.net().state(1, 45))
                    .output()
                    .toArray();
        }
    }

    /** What the settings leave out is what transformers takes, and its newer form says what its older one does. */
    @Test
    void settingsThatSayTheSame(@TempDir Path temp) throws IOException {
        assertThat(logits(other(temp, "gpt2", "activation_function", ""))).containsExactly(logits(folder("gpt2")));
        assertThat(logits(other(temp, "gpt2", "activation_function", "\"relu\"")))
                .isNotEqualTo(logits(folder("gpt2")));
        float[] plain = logits(folder("llama"));
        for (String same : List.of(
                "{\"rope_type\": \"default\"}",
                "{\"rope_type\": \"dynamic\", \"factor\": 4.0}",
                "{\"type\": \"linear\", \"factor\": 1.0}",
                "{\"rope_theta\": 2000.0, \"rope_type\": \"llama3\", \"factor\": 1, \"low_freq_factor\": 1,"
                        + " \"high_freq_factor\": 4}")) {
            assertThat(logits(other(temp, "llama", "rope_scaling", same))).containsExactly(plain);
        }
        String newer = "{\"rope_theta\": 2000.0, \"rope_type\": \"default\"}";
        assertThat(logits(other(temp, "llama", "rope_theta", "", "rope_parameters", newer)))
                .containsExactly(plain);
        String third = "{\"factor\": 8.0, \"high_freq_factor\": 4.0, \"low_freq_factor\": 1.0, \"rope_theta\": 500.0,"
                + "\"original_max_position_embeddings\": 64, \"rope_type\": \"llama3\"}";
        assertThat(logits(other(temp, "llama-3", "rope_theta", "", "rope_scaling", "", "rope_parameters", third)))
                .containsExactly(logits(folder("llama-3")));
    }

    /** The settings of ModernBERT as later versions of transformers write them. */
    @Test
    void theNewerSettingsOfModernBert(@TempDir Path temp) throws IOException {
        List<String> settings = new ArrayList<>();
        for (String older : List.of("global_rope_theta", "local_rope_theta", "global_attn_every_n_layers")) {
            settings.addAll(List.of(older, ""));
        }
        settings.addAll(List.of(
                "rope_parameters",
                "{\"full_attention\": {\"rope_type\": \"default\", \"rope_theta\": 5000.0},"
                        + " \"sliding_attention\": {\"rope_type\": \"default\", \"rope_theta\": 300.0}}",
                "layer_types",
                "[\"full_attention\", \"sliding_attention\", \"sliding_attention\", \"full_attention\"]"));
        Path newer = other(temp, "modernbert", settings.toArray(String[]::new));
        try (Model<TextEncoder> ours = Family.read(newer);
                Model<TextEncoder> same = Family.read(folder("modernbert"));
                Pass pass = Pass.infer()) {
            TextBatch texts = batch(Case.of(folder("modernbert")), 0);
            assertThat(ours.net().encode(texts).toArray())
                    .containsExactly(same.net().encode(texts).toArray());
        }
    }

    /** A file of llama.cpp with another base and with factors of the angles has the logits of the published graph. */
    @Test
    void aFileOfLlamaCppWithFactors() throws IOException {
        try (Model<CausalNet> model = DecoderFamily.read(folder("llama-3").resolve("model.gguf"));
                Pass pass = Pass.infer()) {
            for (Case c : Case.of(folder("llama-3"))) {
                float[] ours = model.net()
                        .step(Tensor.ofInts(c.ids, 1, c.ids.length), model.net().state(1, c.ids.length))
                        .output()
                        .toArray();
                for (int i = 0; i < ours.length; i++) {
                    assertThat(ours[i]).as("%s %d", c.ids.length, i).isCloseTo(c.vectors[i], within(2e-5f));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama => rope_scaling => {\"rope_type\": \"longrope\"} => angles of the type \"longrope\" are not known;"
                        + " those are [default, linear, dynamic, llama3, yarn]",
                "llama => rope_scaling => {\"type\": \"linear\"} => the \"factor\" of its angles is NaN but must be at least 1",
                "llama => rope_scaling => \"linear\" => \"rope_scaling\" must be an object",
                "llama => rope_scaling => {\"type\": \"llama3\", \"factor\": 8} => \"low_freq_factor\" is NaN",
                "llama => rope_scaling => {\"type\": \"yarn\", \"factor\": 8, \"beta_fast\": 0.5} => \"beta_fast\" is 0.5 and",
                "llama => rope_parameters => {\"partial_rotary_factor\": 0.5} => a \"partial_rotary_factor\" other than 1",
                "llama => rope_theta => 0.5 => heads of 8 numbers cannot be turned by angles of the base 0.5",
                "modernbert => layer_types => [\"full_attention\"] => \"layer_types\" is [full_attention] but every 3. of 4 layers",
                "modernbert => rope_parameters => {} => \"full_attention\" must be an object",
                "deberta => conv_kernel_size => 3 => \"conv_kernel_size\" is set, but the convolution",
                "deberta => position_biased_input => true => only \"relative_attention\" true and",
                "deberta => relative_attention => false => only \"relative_attention\" true and",
                "deberta => pos_att_type => \"p2p|c2p\" => \"pos_att_type\" is [p2p, c2p] but must name one or both of",
                "deberta => pos_att_type => null => \"pos_att_type\" is [] but must name",
                "deberta => position_buckets => 96 => \"position_buckets\" is 96 but must be 4 or more, and half of it less",
                "deberta => norm_rel_ebd => \"rms\" => \"norm_rel_ebd\" is [rms] but only none and layer_norm are known",
                "deberta => num_attention_heads => 5 => its 5 heads do not divide the width of 24",
                "deberta => max_position_embeddings => 1000000000 => it has 1000000000 places and 8 distances",
                "deberta => position_buckets => 16 => does not fit the model",
            })
    void whatAConfigSaysWronglyIsNamed(String line, @TempDir Path temp) throws IOException {
        String[] parts = line.split(" => ");
        Path folder = other(temp, parts[0], parts[1], parts[2]);
        assertThatThrownBy(() -> {
                    if (parts[0].equals("llama")) {
                        DecoderFamily.read(folder).close();
                    } else {
                        Family.read(folder).close();
                    }
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(parts[3]);
    }

    /**
     * Microsoft's folders of DeBERTa have a model of SentencePiece alone; its tokens are those of test-data's spm.py.
     */
    @Test
    void theTokenizerOfDeberta(@TempDir Path temp) throws IOException {
        Path folder = folder("deberta");
        PretrainedTokenizer tokenizer = PretrainedTokenizer.read(folder);
        List<String> texts = new ArrayList<>();
        JsonArray cases = new Gson().fromJson(Files.readString(folder.resolve("tokens.json")), JsonArray.class);
        try (Embedder embedder = Embedder.load(folder);
                Model<TextEncoder> model = Family.read(folder);
                Pass pass = Pass.infer()) {
            for (JsonElement each : cases) {
                String text = each.getAsJsonObject().get("text").getAsString();
                int[] ids = Case.ints(each, "ids");
                if (each.getAsJsonObject().has("second")) {
                    EncodedText pair = tokenizer.encode(
                            text, each.getAsJsonObject().get("second").getAsString());
                    assertThat(pair.ids()).as(text).containsExactly(ids);
                    assertThat(pair.typeIds()).as(text).containsExactly(Case.ints(each, "types"));
                    continue;
                }
                assertThat(tokenizer.encode(text).ids()).as(text).containsExactly(ids);
                Case c = new Case(ids, new int[ids.length], new float[0]);
                float[] mean = model.net().encode(batch(List.of(c), 0)).mean(1).toArray();
                double norm = Math.sqrt(IntStream.range(0, 24)
                        .mapToDouble(i -> mean[i] * mean[i])
                        .sum());
                float[] ours = embedder.embed(text);
                for (int i = 0; i < 24; i++) {
                    assertThat((double) ours[i]).as(text).isCloseTo(mean[i] / norm, within(1e-6));
                }
                texts.add(text);
            }
            float[][] together = embedder.embed(texts);
            for (int i = 0; i < together.length; i++) {
                assertThat(embedder.embed(texts.get(i))).as(texts.get(i)).containsExactly(together[i]);
            }
        }
        Files.copy(folder.resolve("spm.model"), temp.resolve("spm.model"));
        Files.writeString(temp.resolve("tokenizer_config.json"), "{\"do_lower_case\": true}");
        assertThatThrownBy(() -> PretrainedTokenizer.read(temp))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"do_lower_case\" of its tokenizer_config.json is true, which is not known");
    }

    /** The gradients of texts side by side are the sums of those of each alone. */
    @ParameterizedTest
    @ValueSource(strings = {"bert", "nomic_bert", "mpnet", "modernbert", "deberta", "deberta-apart", "deberta-c2p"})
    void gradientsFlowThroughTextsSideBySide(String name) throws IOException {
        List<Case> cases = Case.of(folder(name));
        try (Model<TextEncoder> model = Family.read(folder(name))) {
            double[] sums = new double[Math.toIntExact(model.parameterCount())];
            for (Case c : cases) {
                add(gradients(model, List.of(c)), sums);
            }
            double[] beside = new double[sums.length];
            add(gradients(model, cases), beside);
            double largest = Arrays.stream(sums).map(Math::abs).max().orElseThrow();
            assertThat(largest).isGreaterThan(1);
            for (int i = 0; i < sums.length; i++) {
                assertThat(beside[i]).as("gradient %d", i).isCloseTo(sums[i], within(1e-5 * largest));
            }
        }
    }

    /** What is saved has the names and numbers of the folder from which it was read. */
    @ParameterizedTest
    @FieldSource("ENCODERS")
    void aSavedFolderIsTheFolder(String name, @TempDir Path temp) throws IOException {
        Path to = temp.resolve("saved");
        try (Model<TextEncoder> model = Pretrained.encoder(folder(name))) {
            Pretrained.save(model, folder(name), to);
            assertThatThrownBy(() -> Pretrained.save(model, to, to)).hasMessageContaining("is kept as it is");
            assertThat(Files.exists(to.resolve("config.json"))).isTrue();
            assertThat(Files.exists(to.resolve("model.safetensors.index.json"))).isFalse();
            try (TensorFile before = Family.weights(folder(name));
                    TensorFile after = TensorFile.open(to.resolve("model.safetensors"));
                    Model<TextEncoder> again = Pretrained.encoder(to)) {
                String prefix = before.names().get(0).startsWith("model.")
                        ? "model."
                        : before.names().get(0).startsWith(name + ".") ? name + "." : "";
                assertThat(after.names())
                        .containsExactlyInAnyOrderElementsOf(before.names().stream()
                                .map(n -> n.substring(prefix.length()))
                                .toList());
                for (String n : before.names()) {
                    String bare = n.substring(prefix.length());
                    assertThat(after.shape(bare)).as(n).isEqualTo(before.shape(n));
                    FloatBuffer a = FloatBuffer.allocate((int) before.shape(n).size());
                    FloatBuffer b = FloatBuffer.allocate(a.capacity());
                    before.copy(n, a);
                    after.copy(bare, b);
                    assertThat(b).as(n).isEqualTo(a);
                }
                try (Pass pass = Pass.infer()) {
                    TextBatch texts = batch(Case.of(folder(name)), 0);
                    assertThat(again.net().encode(texts).toArray())
                            .containsExactly(model.net().encode(texts).toArray());
                }
            }
        }
    }

    private static void add(List<float[]> gradients, double[] to) {
        int at = 0;
        for (float[] each : gradients) {
            for (float x : each) {
                to[at++] += x;
            }
        }
    }

    private static List<float[]> gradients(Model<TextEncoder> model, List<Case> cases) {
        model.zeroGrad();
        try (Pass pass = Pass.grad()) {
            pass.backward(model.net().encode(batch(cases, 0)).square().sum());
            return model.parameters().stream()
                    .map(p -> {
                        Tensor g = p.gradient();
                        return g == null ? new float[Math.toIntExact(p.shape().size())] : g.toArray();
                    })
                    .toList();
        }
    }
}
