package dev.fathom.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loaded;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.op.Activation;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/**
 * Weights that others published, under the names that they gave them, in stock layers: the numbers are those of the
 * publishers or of NumPy.
 */
class PublishedModelsTest {
    private static Path folder(String name) {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "models", name);
        assumeTrue(Files.isDirectory(folder), "published weights are not tested: FATHOM_DATA has no models/" + name);
        return folder;
    }

    private static JsonObject json(Path file) throws IOException {
        return new Gson().fromJson(Files.readString(file), JsonObject.class);
    }

    /** A tensor of a dump of PyTorch: little-endian floats in Base64. */
    private static float[] floats(JsonElement tensor) {
        var bytes =
                Base64.getDecoder().decode(tensor.getAsJsonObject().get("data").getAsString());
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    private static void close(float[] actual, float[] expected, float tolerance, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("%s[%d]", what, i).isCloseTo(expected[i], within(tolerance));
        }
    }

    // ---- a GPT

    private record Gpt(Embedding tokens, LearnedPositions positions, TransformerEncoder blocks, Linear head)
            implements Layer {
        Gpt(int vocabulary, int context, int width, int heads, int layers) {
            this(
                    new Embedding(vocabulary, width),
                    new LearnedPositions(context, width),
                    TransformerEncoder.of(
                            layers,
                            () -> new TransformerEncoderLayer(width, heads, 4 * width, Activation.GELU_TANH)
                                    .normsFirst(),
                            new LayerNorm(width)),
                    new Linear(width, vocabulary).withoutBias());
        }

        @Override
        public Tensor forward(Tensor x) {
            return head.apply(blocks.apply(positions.apply(tokens.apply(x)), AttentionMask.CAUSAL));
        }
    }

    /**
     * The sorting GPT of Brendan Bycroft's llm-viz, trained with minGPT; the expected logits are PyTorch's, which lie
     * beside it.
     */
    @Test
    void aGptOfMinGpt() throws IOException {
        Path folder = folder("nano-gpt-sort");
        JsonObject partials = json(folder.resolve("gpt-nano-sort-t0-partials.json"));
        float[] given = floats(partials.get("idx"));
        int[] ids = new int[given.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) given[i];
        }
        Names names = Names.exact()
                .withoutPrefix("transformer.")
                .rename("wte.*", "tokens.*")
                .rename("wpe.*", "positions.*")
                .rename("h.*.ln_1.*", "blocks.layers.*.norm1.*")
                .rename("h.*.ln_2.*", "blocks.layers.*.norm2.*")
                .rename("h.*.attn.c_attn.*", "blocks.layers.*.self_attn.in_proj_*")
                .rename("h.*.attn.c_proj.*", "blocks.layers.*.self_attn.out_proj.*")
                .rename("h.*.mlp.c_fc.*", "blocks.layers.*.linear1.*")
                .rename("h.*.mlp.c_proj.*", "blocks.layers.*.linear2.*")
                .rename("ln_f.*", "blocks.norm.*")
                .rename("lm_head.*", "head.*")
                .ignore("*.attn.bias"); // the causal mask, which minGPT keeps as a buffer
        try (var model = Model.of(new Gpt(3, 11, 48, 3, 3), 1);
                Pass pass = Pass.infer()) {
            Loaded loaded = model.load(folder.resolve("model.safetensors"), names);
            assertThat(loaded.loaded()).hasSize(41).contains("blocks.layers.2.self_attn.in_proj_weight");
            assertThat(loaded.missing()).isEmpty();
            assertThat(loaded.unused())
                    .containsExactly(
                            "transformer.h.0.attn.bias", "transformer.h.1.attn.bias", "transformer.h.2.attn.bias");
            Tensor logits = model.net().apply(Tensor.ofInts(ids, 3, 11));
            close(logits.toArray(), floats(partials.get("lm_head")), 2e-5f, "logits");
            close(logits.softmax(-1).toArray(), floats(partials.get("probs")), 1e-6f, "probabilities");
        }
    }

    // ---- a BERT

    private record Bert(
            Embedding words,
            LearnedPositions positions,
            Embedding tokenTypes,
            LayerNorm norm,
            TransformerEncoder encoder)
            implements Layer {
        private static LayerNorm norm(int width) {
            return new LayerNorm(width).epsilon(1e-12f);
        }

        Bert(int vocabulary, int context, int width, int heads, int hidden, int layers) {
            this(
                    new Embedding(vocabulary, width),
                    new LearnedPositions(context, width),
                    new Embedding(2, width),
                    norm(width),
                    TransformerEncoder.of(
                            layers,
                            () -> new TransformerEncoderLayer(
                                    MultiHeadAttention.withSeparateProjections(width, width, heads, heads),
                                    new FeedForward(width, hidden, Activation.GELU),
                                    norm(width),
                                    norm(width),
                                    new Dropout(0),
                                    false),
                            null));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor type = tokenTypes.weight().value().slice(0, 0, 1);
            return encoder.apply(norm.apply(positions.apply(words.apply(x)).add(type)));
        }
    }

    /**
     * The names of every BERT of Hugging Face. The expected vectors are those of a forward pass in NumPy with float64,
     * which lie beside it.
     */
    @Test
    void aBertOfHuggingFace() throws IOException {
        Path folder = folder("coldfire-tiny-bert-nomic").resolve("tiny_bert");
        Names names = Names.exact()
                .rename("embeddings.word_embeddings.*", "words.*")
                .rename("embeddings.position_embeddings.*", "positions.*")
                .rename("embeddings.token_type_embeddings.*", "token_types.*")
                .rename("embeddings.LayerNorm.*", "norm.*")
                .rename("encoder.layer.*", "encoder.layers.*")
                .rename("*.attention.self.query.*", "*.self_attn.q_proj.*")
                .rename("*.attention.self.key.*", "*.self_attn.k_proj.*")
                .rename("*.attention.self.value.*", "*.self_attn.v_proj.*")
                .rename("*.attention.output.dense.*", "*.self_attn.out_proj.*")
                .rename("*.attention.output.LayerNorm.*", "*.norm1.*")
                .rename("*.intermediate.dense.*", "*.linear1.*")
                .rename("*.output.dense.*", "*.linear2.*")
                .rename("*.output.LayerNorm.*", "*.norm2.*");
        try (var model = Model.of(new Bert(256, 128, 32, 4, 64, 2), 1);
                Pass pass = Pass.infer()) {
            Loaded loaded = model.load(folder.resolve("model.safetensors"), names);
            assertThat(loaded.loaded()).hasSize(37);
            assertThat(loaded.unused()).isEmpty();
            for (JsonElement each : json(folder.resolve("expected-numpy.json")).getAsJsonArray("cases")) {
                JsonArray given = each.getAsJsonObject().getAsJsonArray("ids");
                int[] ids = new int[given.size()];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = given.get(i).getAsInt();
                }
                JsonArray cls = each.getAsJsonObject().getAsJsonArray("last_hidden_state_cls");
                float[] expected = new float[cls.size()];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = cls.get(i).getAsFloat();
                }
                Tensor states = model.net().apply(Tensor.ofInts(ids, 1, ids.length));
                close(states.slice(1, 0, 1).toArray(), expected, 5e-6f, "the first state of " + given);
            }
        }
    }
}
