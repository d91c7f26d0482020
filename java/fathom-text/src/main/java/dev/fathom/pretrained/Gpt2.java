package dev.fathom.pretrained;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.decode.Gpt;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Layout.Row;
import java.util.List;

/** GPT-2 (Radford et al. 2019): a {@link Gpt} whose logits are products with the vectors of the words. */
final class Gpt2 {
    /** The names of its files. */
    static final Layout LAYOUT = new Layout(
            List.of("transformer."),
            List.of(
                    Row.of("in.*", "wte.*"),
                    Row.of("positions.*", "wpe.*"),
                    Row.of("encoder.layers.*.norm1.*", "h.*.ln_1.*"),
                    Row.of("encoder.layers.*.norm2.*", "h.*.ln_2.*"),
                    Row.of("encoder.layers.*.self_attn.in_proj_*", "h.*.attn.c_attn.*"),
                    Row.of("encoder.layers.*.self_attn.out_proj.*", "h.*.attn.c_proj.*"),
                    Row.of("encoder.layers.*.linear1.*", "h.*.mlp.c_fc.*"),
                    Row.of("encoder.layers.*.linear2.*", "h.*.mlp.c_proj.*"),
                    Row.of("encoder.norm.*", "ln_f.*"),
                    Row.of("out.*", "lm_head.*")));

    /** Its files have the matrices of all linear layers turned, [in, out]. */
    static final List<String> TRANSPOSED = List.of(
            "encoder.layers.*.self_attn.in_proj_weight",
            "encoder.layers.*.self_attn.out_proj.weight",
            "encoder.layers.*.linear1.weight",
            "encoder.layers.*.linear2.weight");

    private Gpt2() {}

    static Gpt of(Config c) {
        int width = c.count("n_embd");
        int heads = c.count("n_head");
        int hidden = c.count("n_inner", 4 * width);
        float epsilon = (float) c.number(1e-5, "layer_norm_epsilon");
        Activation activation = c.activation("activation_function", "gelu_new");
        for (String key : List.of("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn")) {
            if (c.flag(key, false)) {
                throw c.wrong("\"" + key + "\" is true, which is not known");
            }
        }
        Embedding words = new Embedding(c.count("vocab_size"), width, Init.normal(0, 0.02f));
        return new Gpt(
                words,
                new LearnedPositions(c.count("n_positions", "n_ctx"), width),
                TransformerEncoder.of(
                        c.layers("n_layer"),
                        () -> new TransformerEncoderLayer(width, heads, hidden, activation)
                                .norms(new LayerNorm(width).epsilon(epsilon), new LayerNorm(width).epsilon(epsilon))
                                .normsFirst()
                                .dropout((float) c.number(0.1, "resid_pdrop")),
                        new LayerNorm(width).epsilon(epsilon)),
                new Linear(words.weight(), null, null));
    }
}
