package dev.fathom.pretrained;

import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.op.Activation;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The encoder of BERT (Devlin et al. 2019), of RoBERTa and XLM-R, whose places begin behind that of the padding (Liu et
 * al. 2019; Conneau et al. 2020), and of DistilBERT, which has no types (Sanh et al. 2019):
 *
 * <pre>
 * h = LayerNorm(words[id] + positions[place + firstPosition] + types[type]),    y = Transformer(h)
 * </pre>
 *
 * <p>where each layer of the Transformer normalizes after its attention and after its two linear layers.
 *
 * @param words [vocabulary, width]
 * @param positions [context + firstPosition, width]
 * @param types [types, width], or null for none
 * @param firstPosition the row of {@code positions} of a text's first token
 */
public record Bert(
        Embedding words,
        Embedding positions,
        @Nullable Embedding types,
        LayerNorm norm,
        Dropout dropout,
        TransformerEncoder encoder,
        int firstPosition)
        implements TextEncoder {
    private static final List<Row> BODY = List.of(
            Row.of("words.*", "embeddings.word_embeddings.*"),
            Row.of("positions.*", "embeddings.position_embeddings.*"),
            Row.of("types.*", "embeddings.token_type_embeddings.*"),
            Row.of("norm.*", "embeddings.LayerNorm.*"));

    /** The names of BERT's and RoBERTa's files. */
    static final Layout LAYOUT = new Layout(
            List.of("bert.", "roberta.", "model."),
            Stream.concat(
                            BODY.stream(),
                            Stream.of(
                                    Row.of(
                                            "encoder.layers.*.self_attn.in_proj_*",
                                            "encoder.layer.*.attention.self.query.*",
                                            "encoder.layer.*.attention.self.key.*",
                                            "encoder.layer.*.attention.self.value.*"),
                                    Row.of(
                                            "encoder.layers.*.self_attn.out_proj.*",
                                            "encoder.layer.*.attention.output.dense.*"),
                                    Row.of("encoder.layers.*.norm1.*", "encoder.layer.*.attention.output.LayerNorm.*"),
                                    Row.of("encoder.layers.*.linear1.*", "encoder.layer.*.intermediate.dense.*"),
                                    Row.of("encoder.layers.*.linear2.*", "encoder.layer.*.output.dense.*"),
                                    Row.of("encoder.layers.*.norm2.*", "encoder.layer.*.output.LayerNorm.*")))
                    .toList());

    /** The names of DistilBERT's files. */
    static final Layout DISTILLED = new Layout(
            List.of("distilbert."),
            Stream.concat(
                            BODY.stream(),
                            Stream.of(
                                    Row.of(
                                            "encoder.layers.*.self_attn.in_proj_*",
                                            "transformer.layer.*.attention.q_lin.*",
                                            "transformer.layer.*.attention.k_lin.*",
                                            "transformer.layer.*.attention.v_lin.*"),
                                    Row.of(
                                            "encoder.layers.*.self_attn.out_proj.*",
                                            "transformer.layer.*.attention.out_lin.*"),
                                    Row.of("encoder.layers.*.norm1.*", "transformer.layer.*.sa_layer_norm.*"),
                                    Row.of("encoder.layers.*.linear1.*", "transformer.layer.*.ffn.lin1.*"),
                                    Row.of("encoder.layers.*.linear2.*", "transformer.layer.*.ffn.lin2.*"),
                                    Row.of("encoder.layers.*.norm2.*", "transformer.layer.*.output_layer_norm.*")))
                    .toList());

    /**
     * The sizes of an encoder.
     *
     * @param vocabulary tokens
     * @param positions rows of the table of positions
     * @param types kinds of texts, such as the first and second of a pair, or 0 for none
     * @param width of the vectors
     * @param hidden units between the two linear layers of each layer
     * @param heads of each attention, which divide the width
     */
    public record Sizes(int vocabulary, int positions, int types, int width, int hidden, int heads, int layers) {}

    /**
     * Makes an encoder.
     *
     * @param epsilon of the norms
     * @param dropout of embeddings, attention weights, hidden units and sums, in training
     * @throws IllegalArgumentException if a size is below 1, or the heads do not divide the width
     */
    public static Bert of(Sizes s, Activation activation, float epsilon, float dropout, int firstPosition) {
        return new Bert(
                new Embedding(s.vocabulary, s.width, Init.normal(0, 0.02f)),
                new Embedding(s.positions, s.width, Init.normal(0, 0.02f)),
                s.types == 0 ? null : new Embedding(s.types, s.width, Init.normal(0, 0.02f)),
                norm(s.width, epsilon),
                new Dropout(dropout),
                TransformerEncoder.of(
                        s.layers,
                        () -> new TransformerEncoderLayer(s.width, s.heads, s.hidden, activation)
                                .norms(norm(s.width, epsilon), norm(s.width, epsilon))
                                .dropout(dropout),
                        null),
                firstPosition);
    }

    private static LayerNorm norm(int width, float epsilon) {
        return new LayerNorm(width).epsilon(epsilon);
    }

    static Bert of(Config c, boolean behindPadding) {
        c.mustBe("position_embedding_type", "absolute");
        int first = behindPadding ? c.count("pad_token_id", 1) + 1 : 0;
        Sizes sizes = new Sizes(
                c.count("vocab_size"),
                c.count("max_position_embeddings"),
                c.count("type_vocab_size", 2),
                c.count("hidden_size"),
                c.count("intermediate_size"),
                c.count("num_attention_heads"),
                c.layers("num_hidden_layers"));
        if (sizes.positions <= first) {
            throw c.wrong("its " + sizes.positions + " positions leave none behind the padding's; fetch it again");
        }
        return of(
                sizes,
                c.activation("hidden_act", "gelu"),
                (float) c.number(1e-12, "layer_norm_eps"),
                (float) c.number(0.1, "hidden_dropout_prob"),
                first);
    }

    static Bert distilled(Config c) {
        return of(
                new Sizes(
                        c.count("vocab_size"),
                        c.count("max_position_embeddings"),
                        0,
                        c.count("dim"),
                        c.count("hidden_dim"),
                        c.count("n_heads"),
                        c.layers("n_layers")),
                c.activation("activation", "gelu"),
                1e-12f,
                (float) c.number(0.1, "dropout"),
                0);
    }

    @Override
    public Tensor encode(TextBatch texts) {
        Tensor places = firstPosition == 0 ? texts.places() : texts.places().add(firstPosition);
        Tensor sum = words.apply(texts.ids()).add(positions.apply(places));
        if (types != null) {
            // where there is one type, the second text of a pair has it too, whatever its tokenizer says
            boolean one = types.weight().shape().dim(0) == 1;
            sum = sum.add(types.apply(one ? texts.types().mul(0) : texts.types()));
        }
        return encoder.apply(dropout.apply(norm.apply(sum)), texts.mask());
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
        return positions.weight().shape().dim(0) - firstPosition;
    }
}
