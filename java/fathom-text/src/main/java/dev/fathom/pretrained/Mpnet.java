package dev.fathom.pretrained;

import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * The encoder of MPNet (Song et al. 2020), which is BERT's without types and with a learned number for each head and
 * each distance, which is added to the scores of every layer. Distances share numbers in buckets, as in T5 (Raffel et
 * al. 2020): one for each small distance, and one for each of some ranges of larger ones, which grow by a factor.
 *
 * @param words [vocabulary, width]
 * @param positions [context + 2, width]; a text begins at row 2
 * @param distances [buckets, heads]
 * @param context the most tokens of a text
 */
public record Mpnet(
        Embedding words,
        Embedding positions,
        LayerNorm norm,
        Dropout dropout,
        Embedding distances,
        TransformerEncoder encoder,
        int context)
        implements TextEncoder {
    /** The row of the positions of a text's first token: behind that of the padding. */
    private static final int FIRST = 2;
    /** All distances from here on share the last bucket of their direction. */
    private static final int FAR = 128;

    /** The names of its files. */
    static final Layout LAYOUT = new Layout(
            List.of("mpnet."),
            List.of(
                    Row.of("words.*", "embeddings.word_embeddings.*"),
                    Row.of("positions.*", "embeddings.position_embeddings.*"),
                    Row.of("norm.*", "embeddings.LayerNorm.*"),
                    Row.of("distances.*", "encoder.relative_attention_bias.*"),
                    Row.of(
                            "encoder.layers.*.self_attn.in_proj_*",
                            "encoder.layer.*.attention.attn.q.*",
                            "encoder.layer.*.attention.attn.k.*",
                            "encoder.layer.*.attention.attn.v.*"),
                    Row.of("encoder.layers.*.self_attn.out_proj.*", "encoder.layer.*.attention.attn.o.*"),
                    Row.of("encoder.layers.*.norm1.*", "encoder.layer.*.attention.LayerNorm.*"),
                    Row.of("encoder.layers.*.linear1.*", "encoder.layer.*.intermediate.dense.*"),
                    Row.of("encoder.layers.*.linear2.*", "encoder.layer.*.output.dense.*"),
                    Row.of("encoder.layers.*.norm2.*", "encoder.layer.*.output.LayerNorm.*")));

    static Mpnet of(Config c) {
        int width = c.count("hidden_size");
        int heads = c.count("num_attention_heads");
        int hidden = c.count("intermediate_size");
        int rows = c.count("max_position_embeddings");
        int buckets = c.count("relative_attention_num_buckets", 32);
        if (rows <= FIRST || buckets < 4 || buckets % 4 != 0) {
            throw c.wrong(
                    rows + " positions and " + buckets + " buckets of distances cannot be: there must be more than "
                            + FIRST + " positions, and a multiple of 4 buckets");
        }
        float epsilon = (float) c.number(1e-12, "layer_norm_eps");
        float dropout = (float) c.number(0.1, "hidden_dropout_prob");
        Activation activation = c.activation("hidden_act", "gelu");
        return new Mpnet(
                new Embedding(c.count("vocab_size"), width, Init.normal(0, 0.02f)),
                new Embedding(rows, width, Init.normal(0, 0.02f)),
                new LayerNorm(width).epsilon(epsilon),
                new Dropout(dropout),
                new Embedding(buckets, heads, Init.normal(0, 0.02f)),
                TransformerEncoder.of(
                        c.layers("num_hidden_layers"),
                        () -> new TransformerEncoderLayer(width, heads, hidden, activation)
                                .norms(new LayerNorm(width).epsilon(epsilon), new LayerNorm(width).epsilon(epsilon))
                                .dropout(dropout),
                        null),
                rows - FIRST);
    }

    /**
     * The bucket of a distance: half of them for keys behind the query, and of each half a half for small distances.
     */
    static int bucket(int distance, int buckets) {
        int half = buckets / 2;
        int small = half / 2;
        int size = Math.abs(distance);
        // in float, as the published code computes it
        int within = size < small
                ? size
                : Math.min(
                        half - 1,
                        small
                                + (int) ((float) Math.log((float) size / small)
                                        / (float) Math.log((double) FAR / small)
                                        * (half - small)));
        return distance > 0 ? half + within : within;
    }

    /** The numbers [heads, 2 context - 1] of all distances. */
    private Tensor bias() {
        int buckets = distances.weight().shape().dim(0);
        int[] of = new int[2 * context - 1];
        for (int i = 0; i < of.length; i++) {
            of[i] = bucket(i - (context - 1), buckets);
        }
        return distances.apply(Tensor.ofInts(of, of.length)).transpose(0, 1);
    }

    @Override
    public Tensor encode(TextBatch texts) {
        Tensor sum = words.apply(texts.ids()).add(positions.apply(texts.places().add(FIRST)));
        AttentionMask mask = texts.mask().withRelativeBias(bias());
        return encoder.apply(dropout.apply(norm.apply(sum)), mask);
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
