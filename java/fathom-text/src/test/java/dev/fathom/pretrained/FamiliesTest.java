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
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each family gives the vectors that PyTorch computes by the published graph (test-data/pretrained/families.py),
 * whatever lies beside a text.
 */
class FamiliesTest {
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
    @ValueSource(strings = {"bert", "roberta", "distilbert", "nomic_bert", "mpnet", "modernbert"})
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
    @ValueSource(strings = {"gpt2", "llama"})
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

    /** The gradients of texts side by side are the sums of those of each alone. */
    @ParameterizedTest
    @ValueSource(strings = {"bert", "nomic_bert", "mpnet", "modernbert"})
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
    @ValueSource(strings = {"bert", "roberta", "distilbert", "nomic_bert", "mpnet", "modernbert"})
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
