package dev.fathom.finetune;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.nn.Model;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.Pretrained;
import dev.fathom.pretrained.TextEncoder;
import dev.fathom.pretrained.TextVectors;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses of vectors of texts, and vectors through which gradients flow, beside PyTorch's. */
class VectorLossesTest {
    @Test
    void multipleNegativesAreThoseOfSentenceTransformers() throws IOException {
        for (JsonElement each : Golden.expected().getAsJsonArray("multipleNegatives")) {
            JsonObject of = each.getAsJsonObject();
            MultipleNegatives loss = new MultipleNegatives(
                    of.get("scale").getAsFloat(), of.get("symmetric").getAsBoolean());
            try (Pass pass = Pass.grad()) {
                List<String> names = List.copyOf(of.getAsJsonObject("tensors").keySet());
                Tensor[] in = names.stream()
                        .map(name -> pass.watch(Golden.tensor(of, name)))
                        .toArray(Tensor[]::new);
                Tensor value = in.length == 3 ? loss.of(in[0], in[1], in[2]) : loss.of(in[0], in[1]);
                Golden.loss(value, of);
                pass.backward(value);
                for (int i = 0; i < in.length; i++) {
                    Golden.gradient(requireNonNull(pass.gradient(in[i])).toArray(), of, names.get(i));
                }
            }
        }
    }

    @Test
    void theDefaultsAreThoseOfSentenceTransformers() {
        assertThat(new MultipleNegatives()).isEqualTo(new MultipleNegatives(20, false));
        assertThat(new MultipleNegatives().bothWays()).isEqualTo(new MultipleNegatives(20, true));
    }

    @Test
    void cosinesComeNearTheirLabels() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("cosine");
        try (Pass pass = Pass.grad()) {
            Tensor a = pass.watch(Golden.tensor(of, "a"));
            Tensor b = pass.watch(Golden.tensor(of, "b"));
            Tensor value = new CosineSimilarity().of(a, b, Tensor.of(Golden.floats(of.get("labels")), 4));
            Golden.loss(value, of);
            pass.backward(value);
            Golden.gradient(requireNonNull(pass.gradient(a)).toArray(), of, "a");
            Golden.gradient(requireNonNull(pass.gradient(b)).toArray(), of, "b");
        }
    }

    /** A vector of zeros has no direction, and gives finite numbers. */
    @Test
    void zerosAreNoTrouble() {
        try (Pass pass = Pass.grad()) {
            Tensor a = pass.watch(Tensor.of(new float[] {0, 0, 1, 2}, 2, 2));
            Tensor b = pass.watch(Tensor.of(new float[] {3, 1, 0, 0}, 2, 2));
            pass.backward(new MultipleNegatives()
                    .of(a, b)
                    .add(new CosineSimilarity().of(a, b, Tensor.of(new float[] {1, -1}, 2))));
            Stream.of(a, b)
                    .flatMap(t -> Stream.of(requireNonNull(pass.gradient(t)).toArray()))
                    .forEach(g -> {
                        for (float x : g) {
                            assertThat(x).isFinite();
                        }
                    });
            assertThat(new CosineSimilarity().each(a, b).toArray()).containsExactly(0, 0);
        }
    }

    @Test
    void gradientsReachAllOfAnEncoder() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("vectors");
        String[][] texts = Golden.texts(of.get("texts"));
        try (Model<TextEncoder> model = Pretrained.encoder(Golden.folder("heads-bert"));
                Pass pass = Pass.grad()) {
            TextVectors vectors = TextVectors.read(Golden.folder("heads-bert"), model.net());
            assertThat(vectors.normalized()).isTrue();
            Tensor left = vectors.of(
                    model.net(), Stream.of(texts).map(pair -> pair[0]).toList());
            Tensor right = vectors.of(
                    model.net(), Stream.of(texts).map(pair -> pair[1]).toList());
            Tensor loss = new MultipleNegatives().of(left, right);
            Golden.loss(loss, of);
            pass.backward(loss);
            float[] all = gradient(model, "encoder.layers.0.self_attn.in_proj_weight");
            Golden.gradient(Arrays.copyOf(all, all.length / 3), of, "bert.encoder.layer.0.attention.self.query.weight");
            Golden.gradient(gradient(model, "words.weight"), of, "bert.embeddings.word_embeddings.weight");
            Golden.gradient(
                    gradient(model, "encoder.layers.1.linear2.bias"), of, "bert.encoder.layer.1.output.dense.bias");
        }
    }

    private static float[] gradient(Model<TextEncoder> model, String name) {
        return requireNonNull(model.parameter(name).gradient()).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"heads-bert", "heads-xlm-roberta", "heads-distilbert", "heads-deberta"})
    void vectorsAreThoseOfTheEmbedder(String folder) {
        List<String> texts = List.of("anna lives in paris .", "cat", "the old dogs walk , and bob sings ? ".repeat(9));
        try (Embedder embedder = Embedder.load(Golden.folder(folder));
                Model<TextEncoder> model = Pretrained.encoder(Golden.folder(folder));
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            float[] vectors = TextVectors.read(Golden.folder(folder), model.net())
                    .of(model.net(), texts)
                    .toArray();
            float[][] expected = embedder.embed(texts);
            for (int i = 0; i < vectors.length; i++) {
                assertThat(vectors[i]).isCloseTo(expected[i / 32][i % 32], within(1e-6f));
            }
        }
    }

    @Test
    void shapesAndLabelsMustFit() {
        try (Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            Tensor three = Tensor.ones(3, 4);
            Tensor two = Tensor.ones(2, 4);
            assertThatThrownBy(() -> new MultipleNegatives(0, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("scale");
            assertThatThrownBy(() -> new MultipleNegatives().of(three, two))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("MultipleNegatives: anchors [3, 4] and their partners [2, 4] must both be [n, d], a row"
                            + " for each pair; give vectors of one encoder");
            assertThatThrownBy(() -> new MultipleNegatives().of(three, three, Tensor.ones(6, 5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("MultipleNegatives: negatives [6, 5] must be [m, 4] beside anchors [3, 4]; give vectors"
                            + " of one encoder");
            assertThatThrownBy(() -> new CosineSimilarity().of(three, three, Tensor.ones(2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("CosineSimilarity: labels [2] must be [3], one for each pair; reshape them");
            assertThatThrownBy(() -> new CosineSimilarity().of(two, two, Tensor.of(new float[] {1, 4}, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("CosineSimilarity: the label 4.0 is no cosine, which is from -1 to 1; divide the labels"
                            + " by the largest");
        }
    }
}
