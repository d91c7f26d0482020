package dev.fathom.pretrained;

import dev.fathom.attention.FeedForward;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The encoder of Nomic (Nussbaum et al. 2024, "Nomic Embed"): a BERT without biases, in which queries and keys are
 * turned by their places, and the hidden units are those of a SwiGLU,
 *
 * <pre>
 * h = LayerNorm(words[id] + types[type]),    y = Transformer(h),    f(x) = W2 (W1 x * silu(Wg x))
 * </pre>
 *
 * @param words [vocabulary, width]
 * @param types [types, width], or null for none
 * @param context the most tokens of a text
 */
public record NomicBert(
        Embedding words, @Nullable Embedding types, LayerNorm norm, TransformerEncoder encoder, int context)
        implements TextEncoder {
    /** The names of its files. */
    static final Layout LAYOUT = new Layout(
            List.of("bert.", "nomic_bert.", "model."),
            List.of(
                    Row.of("words.*", "embeddings.word_embeddings.*"),
                    Row.of("types.*", "embeddings.token_type_embeddings.*"),
                    Row.of("norm.*", "emb_ln.*"),
                    Row.of("encoder.layers.*.self_attn.in_proj_*", "encoder.layers.*.attn.Wqkv.*"),
                    Row.of("encoder.layers.*.self_attn.out_proj.*", "encoder.layers.*.attn.out_proj.*"),
                    Row.of("encoder.layers.*.linear1.*", "encoder.layers.*.mlp.fc11.*"),
                    Row.of("encoder.layers.*.gate.*", "encoder.layers.*.mlp.fc12.*"),
                    Row.of("encoder.layers.*.linear2.*", "encoder.layers.*.mlp.fc2.*"),
                    Row.of("encoder.layers.*.norm1.*", "encoder.layers.*.norm1.*"),
                    Row.of("encoder.layers.*.norm2.*", "encoder.layers.*.norm2.*")));

    static NomicBert of(Config c) {
        int width = c.count("n_embd", "hidden_size");
        int heads = c.count("n_head", "num_attention_heads");
        int hidden = c.count("n_inner", "intermediate_size");
        int context = c.count("n_positions", "max_position_embeddings");
        if (ofNomic(c)) {
            c.mustBe("activation_function", "swiglu");
        } else {
            c.mustBe("hidden_act", "silu");
        }
        if (c.flag("prenorm", false) || c.flag("qkv_proj_bias", false) || c.flag("mlp_fc1_bias", false)) {
            throw c.wrong("norms in front (prenorm) and biases of the linear layers are not known for nomic_bert");
        }
        if (c.number(1, "rotary_emb_fraction") != 1 || c.has("rotary_scaling_factor")) {
            throw c.wrong("a rotary_emb_fraction other than 1 and a rotary_scaling_factor are not known");
        }
        float epsilon = (float) c.number(1e-12, "layer_norm_epsilon", "layer_norm_eps");
        if (width % heads != 0) {
            throw c.wrong("its " + heads + " heads do not divide the width of " + width);
        }
        RotaryPositions rotary =
                RotaryPositions.of(context, width / heads, base(c), c.flag("rotary_emb_interleaved", false));
        int types = c.count("type_vocab_size", 2);
        return new NomicBert(
                new Embedding(c.count("vocab_size"), width, Init.normal(0, 0.02f)),
                types == 0 ? null : new Embedding(types, width, Init.normal(0, 0.02f)),
                new LayerNorm(width).epsilon(epsilon),
                TransformerEncoder.of(
                        c.layers("n_layer", "num_hidden_layers"),
                        () -> new TransformerEncoderLayer(width, heads, hidden, Activation.SILU)
                                .attention(new MultiHeadAttention(width, heads)
                                        .withoutBias()
                                        .rotary(rotary))
                                .feedForward(FeedForward.gated(width, hidden, Activation.SILU)
                                        .withoutBias())
                                .norms(new LayerNorm(width).epsilon(epsilon), new LayerNorm(width).epsilon(epsilon)),
                        null),
                context);
    }

    /** Whether the settings are those of Nomic's own code, which have GPT-2's names, and not those of transformers. */
    static boolean ofNomic(Config c) {
        return c.has("n_embd");
    }

    /** The base of the angles, whose default differs between Nomic's code and transformers. */
    private static double base(Config c) {
        if (ofNomic(c)) {
            return c.number(10000, "rotary_emb_base");
        }
        return c.has("rope_parameters") ? Rope.base(c.inner("rope_parameters"), 1000) : 1000;
    }

    @Override
    public Tensor encode(TextBatch texts) {
        Tensor sum = words.apply(texts.ids());
        if (types != null) {
            sum = sum.add(types.apply(texts.types()));
        }
        return encoder.apply(norm.apply(sum), texts.mask());
    }

    @Override
    public int width() {
        return words.weight().shape().dim(1);
    }

    @Override
    public int vocabulary() {
        return words.weight().shape().dim(0);
    }
}
