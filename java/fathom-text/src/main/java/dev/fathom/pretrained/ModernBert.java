package dev.fathom.pretrained;

import dev.fathom.attention.FeedForward;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The encoder of ModernBERT (Warner et al. 2024): norms in front, no biases, hidden units of a GeGLU, and queries and
 * keys that are turned by their places,
 *
 * <pre>
 * h = LayerNorm(words[id]),    y = LayerNorm(Transformer(h)),    f(x) = W2 (gelu(Wg x) * W1 x)
 * </pre>
 *
 * <p>Layer 0 and each that is a multiple of {@code every} see the whole text; in the others a token sees those whose
 * distance is at most half the window. Layer 0 has no norm in front of its attention, since the words have just been
 * normalized.
 *
 * @param words [vocabulary, width]
 * @param window [heads, 2 context - 1], 0 for each distance within the window and -Infinity beyond it
 */
public record ModernBert(
        Embedding words, LayerNorm norm, List<TransformerEncoderLayer> layers, LayerNorm last, Buffer window, int every)
        implements TextEncoder {
    /** The names of its files. */
    static final Layout LAYOUT = new Layout(
            List.of("model."),
            List.of(
                    Row.of("words.*", "embeddings.tok_embeddings.*"),
                    Row.of("norm.*", "embeddings.norm.*"),
                    Row.of("layers.*.self_attn.in_proj_*", "layers.*.attn.Wqkv.*"),
                    Row.of("layers.*.self_attn.out_proj.*", "layers.*.attn.Wo.*"),
                    Row.of("layers.*.norm1.*", "layers.*.attn_norm.*"),
                    Row.split("layers.*.mlp.Wi.*", "layers.*.gate.*", "layers.*.linear1.*"),
                    Row.of("layers.*.linear2.*", "layers.*.mlp.Wo.*"),
                    Row.of("layers.*.norm2.*", "layers.*.mlp_norm.*"),
                    Row.of("last.*", "final_norm.*")));

    /** Keeps its own copy of the list. */
    public ModernBert {
        layers = List.copyOf(layers);
    }

    /** What layer 0 has in the place of a norm. */
    private record Unchanged() implements StepwiseLayer {
        @Override
        public Tensor forward(Tensor x) {
            return x;
        }
    }

    static ModernBert of(Config c) {
        int width = c.count("hidden_size");
        int heads = c.count("num_attention_heads");
        int hidden = c.count("intermediate_size");
        int context = c.count("max_position_embeddings");
        int every = c.count("global_attn_every_n_layers", 3);
        int side = c.count("local_attention", 128) / 2;
        if (width % heads != 0 || every < 1) {
            throw c.wrong("its " + heads + " heads do not divide the width of " + width
                    + ", or a layer that sees all comes" + " every " + every + " layers");
        }
        for (String bias : List.of("norm_bias", "attention_bias", "mlp_bias")) {
            if (c.flag(bias, false)) {
                throw c.wrong("\"" + bias + "\" is true but biases are not known for modernbert");
            }
        }
        float epsilon = (float) c.number(1e-5, "norm_eps");
        Activation activation = c.activation("hidden_activation", "gelu");
        RotaryPositions far = RotaryPositions.of(
                context, width / heads, base(c, "full_attention", "global_rope_theta", 160000), false);
        RotaryPositions near = RotaryPositions.of(
                context, width / heads, base(c, "sliding_attention", "local_rope_theta", 10000), false);
        List<TransformerEncoderLayer> layers = new ArrayList<>();
        int depth = c.layers("num_hidden_layers");
        List<String> kinds = IntStream.range(0, depth)
                .mapToObj(i -> i % every == 0 ? "full_attention" : "sliding_attention")
                .toList();
        if (c.has("layer_types") && !c.texts("layer_types").equals(kinds)) {
            throw c.wrong("\"layer_types\" is " + c.texts("layer_types") + " but every " + every + ". of " + depth
                    + " layers sees all, beginning with the first");
        }
        for (int i = 0; i < depth; i++) {
            Layer first = i == 0 ? new Unchanged() : norm(width, epsilon);
            layers.add(new TransformerEncoderLayer(width, heads, hidden, activation)
                    .attention(
                            new MultiHeadAttention(width, heads).withoutBias().rotary(i % every == 0 ? far : near))
                    .feedForward(FeedForward.gated(width, hidden, activation).withoutBias())
                    .norms(first, norm(width, epsilon))
                    .normsFirst());
        }
        return new ModernBert(
                new Embedding(c.count("vocab_size"), width, Init.normal(0, 0.02f)),
                norm(width, epsilon),
                layers,
                norm(width, epsilon),
                Buffer.derived(Shape.of(heads, 2 * context - 1), (shape, rng) -> within(shape, side)),
                every);
    }

    /** The base of the angles of a kind of layers, under the key of transformers 4 or of the later ones. */
    private static double base(Config c, String kind, String older, double otherwise) {
        return c.has("rope_parameters")
                ? Rope.base(c.inner("rope_parameters").inner(kind), otherwise)
                : c.number(otherwise, older);
    }

    private static LayerNorm norm(int width, float epsilon) {
        LayerNorm whole = new LayerNorm(width);
        return new LayerNorm(whole.weight(), null, 1, epsilon);
    }

    private static float[] within(Shape shape, int side) {
        float[] values = new float[Math.toIntExact(shape.size())];
        Arrays.fill(values, Float.NEGATIVE_INFINITY);
        int row = shape.dim(1);
        for (int h = 0; h < shape.dim(0); h++) {
            int middle = h * row + row / 2;
            int reach = Math.min(side, row / 2);
            Arrays.fill(values, middle - reach, middle + reach + 1, 0);
        }
        return values;
    }

    @Override
    public Tensor encode(TextBatch texts) {
        AttentionMask all = texts.mask();
        AttentionMask near = all.withRelativeBias(window.value());
        Tensor x = norm.apply(words.apply(texts.ids()));
        for (int i = 0; i < layers.size(); i++) {
            x = layers.get(i).apply(x, i % every == 0 ? all : near);
        }
        return last.apply(x);
    }

    @Override
    public int width() {
        return words.weight().shape().dim(1);
    }

    @Override
    public int vocabulary() {
        return words.weight().shape().dim(0);
    }

    @Override
    public int context() {
        return (window.shape().dim(1) + 1) / 2;
    }
}
