package dev.fathom.pretrained;

import dev.fathom.attention.FeedForward;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.decode.CausalNet;
import dev.fathom.io.TensorFile;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.RmsNorm;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * The decoder of Llama (Touvron et al. 2023), and of others that are built like it:
 *
 * <pre>
 * h = words[id],    h = the causal Transformer of h,    logits = out RmsNorm(h),    f(x) = W2 (silu(Wg x) * W1 x)
 * </pre>
 *
 * <p>with RMS norms in front, no biases, queries and keys that are turned by their places, also by the stretched angles
 * of Llama 3.1 and of YaRN, and fewer heads of keys than of queries where the settings say so (Ainslie et al. 2023).
 *
 * @param words [vocabulary, width]
 * @param out [vocabulary, width], which may be that of the words
 * @param context the most tokens of a text
 */
public record Llama(Embedding words, TransformerEncoder encoder, Linear out, int context) implements CausalNet {
    /** The names of Hugging Face's files. */
    static final Layout LAYOUT = new Layout(
            List.of("model."),
            List.of(
                    Row.of("words.*", "embed_tokens.*"),
                    Row.of("encoder.layers.*.norm1.*", "layers.*.input_layernorm.*"),
                    Row.of("encoder.layers.*.norm2.*", "layers.*.post_attention_layernorm.*"),
                    Row.of("encoder.layers.*.self_attn.out_proj.*", "layers.*.self_attn.o_proj.*"),
                    Row.of("encoder.layers.*.self_attn.*", "layers.*.self_attn.*"),
                    Row.of("encoder.layers.*.gate.*", "layers.*.mlp.gate_proj.*"),
                    Row.of("encoder.layers.*.linear1.*", "layers.*.mlp.up_proj.*"),
                    Row.of("encoder.layers.*.linear2.*", "layers.*.mlp.down_proj.*"),
                    Row.of("encoder.norm.*", "norm.*"),
                    Row.of("out.*", "lm_head.*")));

    /** The names of llama.cpp's files. */
    static final Layout GGUF = new Layout(
            List.of(),
            List.of(
                    Row.of("words.*", "token_embd.*"),
                    Row.of("encoder.layers.*.norm1.*", "blk.*.attn_norm.*"),
                    Row.of("encoder.layers.*.norm2.*", "blk.*.ffn_norm.*"),
                    Row.of("encoder.layers.*.self_attn.out_proj.*", "blk.*.attn_output.*"),
                    Row.of("encoder.layers.*.self_attn.q_proj.*", "blk.*.attn_q.*"),
                    Row.of("encoder.layers.*.self_attn.k_proj.*", "blk.*.attn_k.*"),
                    Row.of("encoder.layers.*.self_attn.v_proj.*", "blk.*.attn_v.*"),
                    Row.of("encoder.layers.*.gate.*", "blk.*.ffn_gate.*"),
                    Row.of("encoder.layers.*.linear1.*", "blk.*.ffn_up.*"),
                    Row.of("encoder.layers.*.linear2.*", "blk.*.ffn_down.*"),
                    Row.of("encoder.norm.*", "output_norm.*"),
                    Row.of("out.*", "output.*")));

    /**
     * The sizes of a decoder.
     *
     * @param vocabulary tokens
     * @param context the most tokens of a text
     * @param width of the vectors
     * @param hidden units between the linear layers of each layer
     * @param heads of the queries of each attention, which divide the width
     * @param kvHeads heads of its keys and values, which divide those of the queries
     */
    public record Sizes(int vocabulary, int context, int width, int hidden, int heads, int kvHeads, int layers) {}

    /**
     * Makes a decoder.
     *
     * @param epsilon of the norms
     * @param base of the angles by which queries and keys are turned
     * @param interleaved whether pairs of turned numbers are neighbors, as in Meta's own files and llama.cpp's, or lie
     *     half a head apart, as in Hugging Face's
     * @param tied whether the matrix of the logits is that of the words
     * @throws IllegalArgumentException if a size is below 1, or the heads do not divide what they must
     */
    public static Llama of(Sizes s, float epsilon, double base, boolean interleaved, boolean tied) {
        return of(s, epsilon, RotaryPositions.of(s.context, s.width / s.heads, base, interleaved), tied);
    }

    private static Llama of(Sizes s, float epsilon, RotaryPositions rotary, boolean tied) {
        Embedding words = new Embedding(s.vocabulary, s.width, Init.normal(0, 0.02f));
        return new Llama(
                words,
                TransformerEncoder.of(
                        s.layers,
                        () -> new TransformerEncoderLayer(s.width, s.heads, s.hidden, Activation.SILU)
                                .attention(
                                        MultiHeadAttention.withSeparateProjections(s.width, s.width, s.heads, s.kvHeads)
                                                .withoutBias()
                                                .rotary(rotary))
                                .feedForward(FeedForward.gated(s.width, s.hidden, Activation.SILU)
                                        .withoutBias())
                                .norms(new RmsNorm(s.width).epsilon(epsilon), new RmsNorm(s.width).epsilon(epsilon))
                                .normsFirst(),
                        new RmsNorm(s.width).epsilon(epsilon)),
                tied ? new Linear(words.weight(), null, null) : new Linear(s.width, s.vocabulary).withoutBias(),
                s.context);
    }

    static Llama of(Config c) {
        int heads = c.count("num_attention_heads");
        int width = c.count("hidden_size");
        for (String bias : List.of("attention_bias", "mlp_bias")) {
            if (c.flag(bias, false)) {
                throw c.wrong("\"" + bias + "\" is true but biases are not known for llama");
            }
        }
        int context = c.count("max_position_embeddings");
        if (c.has("head_dim") && c.count("head_dim") * (long) heads != width) {
            throw c.wrong(heads + " heads of " + c.count("head_dim") + " numbers are not the width of " + width
                    + ", and no others are known");
        }
        c.mustBe("hidden_act", "silu");
        return of(
                new Sizes(
                        c.count("vocab_size"),
                        context,
                        width,
                        c.count("intermediate_size"),
                        heads,
                        c.count("num_key_value_heads", heads),
                        c.layers("num_hidden_layers")),
                (float) c.number(1e-6, "rms_norm_eps"),
                Rope.of(c, context, width / heads),
                c.flag("tie_word_embeddings", false));
    }

    /** The net of a file of llama.cpp, in which pairs of turned numbers are neighbors. */
    static Llama of(Config c, TensorFile file) {
        c.mustBe("general.architecture", "llama");
        int experts = c.count("llama.expert_count", 0);
        if (experts > 0) {
            throw c.wrong("\"llama.expert_count\" is " + experts + ", which is not known");
        }
        int heads = c.count("llama.attention.head_count");
        int width = c.count("llama.embedding_length");
        if (c.count("llama.rope.dimension_count", width / heads) != width / heads) {
            throw c.wrong("only whole heads of " + width / heads + " numbers are known to be turned, but "
                    + c.text("llama.rope.dimension_count") + " numbers are");
        }
        int context = c.count("llama.context_length");
        return of(
                new Sizes(
                        file.shape("words.weight").dim(0),
                        context,
                        width,
                        c.count("llama.feed_forward_length"),
                        heads,
                        c.count("llama.attention.head_count_kv", heads),
                        c.layers("llama.block_count")),
                (float) c.number(1e-5, "llama.attention.layer_norm_rms_epsilon"),
                Rope.of(c, file, context, width / heads),
                !file.names().contains("out.weight"));
    }

    @Override
    public Tensor forward(Tensor tokens) {
        return out.apply(encoder.apply(words.apply(tokens), AttentionMask.CAUSAL));
    }

    @Override
    public Next read(Tensor tokens, State state) {
        return encoder.step(words.apply(tokens), state);
    }

    @Override
    public Tensor logits(Tensor vectors) {
        return out.apply(vectors);
    }

    @Override
    public State state(int batch, int capacity) {
        return encoder.state(batch, capacity);
    }
}
