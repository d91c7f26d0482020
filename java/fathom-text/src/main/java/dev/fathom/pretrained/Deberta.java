package dev.fathom.pretrained;

import dev.fathom.attention.FeedForward;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.pretrained.Layout.Row;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The encoder of DeBERTa in its second and third version (He et al. 2021, "DeBERTa"; He et al. 2023, "DeBERTaV3"), in
 * which a score is the sum of how well a key's content fits a query's content, how well its distance fits the query,
 * and how well the query's distance fits the key,
 *
 * <pre>
 * h = LayerNorm(words[id] + types[type]),    y = Transformer(h),
 * s[i][j] = (q[i] . k[j] + q[i] . K r[i - j] + k[j] . Q r[i - j]) / sqrt(3 d)
 * </pre>
 *
 * <p>where K and Q make keys and queries and r[i - j] is the vector of a distance. Small distances have vectors of
 * their own and larger ones share those of buckets, which grow by a factor.
 *
 * <p>Since the scores of distances depend on the content, they are a bias [heads, tokens, tokens], of which each text
 * side by side has its own square.
 *
 * @param words [vocabulary, width], or of another width before {@code project}
 * @param types [types, the width of the words], or null for none
 * @param project from the width of the words to the width, or null where they are equal
 * @param distances r [2 span, width]; row span + b is that of bucket b
 * @param distanceNorm of the vectors of distances, or null for none
 * @param buckets of distances in each direction, or 0 where each distance has a vector of its own
 * @param farthest the distance from which on all share the last bucket
 * @param context the most tokens of a text
 */
public record Deberta(
        Embedding words,
        @Nullable Embedding types,
        @Nullable Linear project,
        LayerNorm norm,
        Dropout dropout,
        Embedding distances,
        @Nullable LayerNorm distanceNorm,
        List<Block> layers,
        int buckets,
        int farthest,
        int context)
        implements TextEncoder {
    /** The names of its files. */
    static final Layout LAYOUT = new Layout(
            List.of("deberta."),
            List.of(
                    Row.of("words.*", "embeddings.word_embeddings.*"),
                    Row.of("types.*", "embeddings.token_type_embeddings.*"),
                    Row.of("project.*", "embeddings.embed_proj.*"),
                    Row.of("norm.*", "embeddings.LayerNorm.*"),
                    Row.of("distances.*", "encoder.rel_embeddings.*"),
                    Row.of("distance_norm.*", "encoder.LayerNorm.*"),
                    Row.of("layers.*.query.*", "encoder.layer.*.attention.self.query_proj.*"),
                    Row.of("layers.*.key.*", "encoder.layer.*.attention.self.key_proj.*"),
                    Row.of("layers.*.value.*", "encoder.layer.*.attention.self.value_proj.*"),
                    Row.of("layers.*.distance_query.*", "encoder.layer.*.attention.self.pos_query_proj.*"),
                    Row.of("layers.*.distance_key.*", "encoder.layer.*.attention.self.pos_key_proj.*"),
                    Row.of("layers.*.out.*", "encoder.layer.*.attention.output.dense.*"),
                    Row.of("layers.*.norm1.*", "encoder.layer.*.attention.output.LayerNorm.*"),
                    Row.of("layers.*.linear1.*", "encoder.layer.*.intermediate.dense.*"),
                    Row.of("layers.*.linear2.*", "encoder.layer.*.output.dense.*"),
                    Row.of("layers.*.norm2.*", "encoder.layer.*.output.LayerNorm.*")));

    /** The names of the scores of distances: of a query's content with a key's place, and the other way. */
    private static final List<String> SCORES = List.of("c2p", "p2c");

    /** More places and distances than any published model has. */
    private static final int MOST = 1 << 20;

    /** Keeps its own copy of the list. */
    public Deberta {
        layers = List.copyOf(layers);
    }

    /**
     * A layer, which normalizes after its attention and after its two linear layers.
     *
     * @param distanceQuery makes the queries of distances, or null where {@code query} does
     * @param distanceKey makes the keys of distances, or null where {@code key} does
     * @param ofQueries whether the distance of a key is scored by the query
     * @param ofKeys whether the distance of a query is scored by the key
     */
    public record Block(
            Linear query,
            Linear key,
            Linear value,
            @Nullable Linear distanceQuery,
            @Nullable Linear distanceKey,
            Linear out,
            LayerNorm norm1,
            @Inline FeedForward feedForward,
            LayerNorm norm2,
            Dropout dropout,
            int heads,
            boolean ofQueries,
            boolean ofKeys)
            implements Net {
        private Tensor apply(Tensor x, Tensor r, Places places, AttentionMask mask) {
            return Pass.frame(this, () -> {
                Tensor q = query.apply(x);
                Tensor k = key.apply(x);
                int scores = 1 + (ofQueries ? 1 : 0) + (ofKeys ? 1 : 0);
                float scale = (float) (1 / Math.sqrt((double) q.dim(2) / heads * scores));
                Tensor near = ofQueries ? places.scores(q, or(distanceKey, key).apply(r), heads, false) : null;
                if (ofKeys) {
                    Tensor far = places.scores(k, or(distanceQuery, query).apply(r), heads, true);
                    near = near == null ? far : near.add(far);
                }
                AttentionMask with = near == null ? mask : mask.withBias(near.mul(scale));
                float p = Pass.current().training() ? dropout.p() : 0;
                Tensor y = q.attention(k, value.apply(x), new Attention(heads, heads, scale, p, with));
                Tensor attended = norm1.apply(x.add(dropout.apply(out.apply(y))));
                return norm2.apply(attended.add(dropout.apply(feedForward.apply(attended))));
            });
        }

        private static Linear or(@Nullable Linear own, Linear shared) {
            return own == null ? shared : own;
        }
    }

    /**
     * Where the scores of tokens i and j are among those of a token with all distances, which are [heads, tokens *
     * distances].
     *
     * @param byQuery I32 [tokens, tokens], for the scores of query i with the distances of keys
     * @param byKey I32 [tokens, tokens], for the scores of key j with the distances of queries
     */
    private record Places(Tensor byQuery, Tensor byKey) {
        /** The scores [heads, queries, keys] of x [1, tokens, width] with vectors r [1, distances, width]. */
        Tensor scores(Tensor x, Tensor r, int heads, boolean keys) {
            Tensor all = split(x, heads).matmulTransposed(split(r, heads));
            return all.reshape(heads, all.dim(1) * all.dim(2)).take(1, keys ? byKey : byQuery);
        }

        /** [heads, rows, d] of [1, rows, heads d]. */
        private static Tensor split(Tensor x, int heads) {
            return x.reshape(x.dim(1), heads, x.dim(2) / heads).transpose(0, 1);
        }
    }

    static Deberta of(Config c) {
        int width = c.count("hidden_size");
        int heads = c.count("num_attention_heads");
        int hidden = c.count("intermediate_size");
        int context = c.count("max_position_embeddings");
        int inner = c.count("embedding_size", width);
        int types = c.count("type_vocab_size", 0);
        if (width % heads != 0 || c.has("attention_head_size") && c.count("attention_head_size") != width / heads) {
            throw c.wrong("its " + heads + " heads do not divide the width of " + width + ", or have another"
                    + " \"attention_head_size\", which is not known");
        }
        if (!c.flag("relative_attention", false) || c.flag("position_biased_input", true)) {
            throw c.wrong("only \"relative_attention\" true and \"position_biased_input\" false are known for"
                    + " deberta-v2, as its third version and the published ones of its second have them");
        }
        if (c.number(0, "conv_kernel_size") > 0) {
            throw c.wrong(
                    "\"conv_kernel_size\" is set, but the convolution of deberta-v2-xlarge and deberta-v2-xxlarge is"
                            + " not known; give a model of the third version");
        }
        List<String> scores = c.texts("pos_att_type");
        if (scores.isEmpty() || !SCORES.containsAll(scores)) {
            throw c.wrong("\"pos_att_type\" is " + scores + " but must name one or both of " + SCORES);
        }
        int farthest = (int) c.number(-1, "max_relative_positions");
        if (farthest < 1) {
            farthest = context;
        }
        int buckets = Math.max(0, (int) c.number(-1, "position_buckets"));
        int span = buckets > 0 ? buckets : farthest;
        if (buckets > 0 && (buckets < 4 || farthest - 1 <= buckets / 2)) {
            throw c.wrong("\"position_buckets\" is " + buckets + " but must be 4 or more, and half of it less than the"
                    + " farthest distance of " + (farthest - 1));
        }
        if (context > MOST || span > MOST) {
            throw c.wrong("it has " + context + " places and " + span + " distances in each direction but must have "
                    + MOST + " at most");
        }
        List<String> norms = c.texts("norm_rel_ebd");
        if (!norms.isEmpty() && !norms.equals(List.of("none")) && !norms.equals(List.of("layer_norm"))) {
            throw c.wrong("\"norm_rel_ebd\" is " + norms + " but only none and layer_norm are known");
        }
        float epsilon = (float) c.number(1e-7, "layer_norm_eps");
        float p = (float) c.number(0.1, "hidden_dropout_prob");
        boolean shared = c.flag("share_att_key", false);
        Activation activation = c.activation("hidden_act", "gelu");
        boolean ofQueries = scores.contains("c2p");
        boolean ofKeys = scores.contains("p2c");
        List<Block> layers = Stream.generate(() -> new Block(
                        new Linear(width, width),
                        new Linear(width, width),
                        new Linear(width, width),
                        shared || !ofKeys ? null : new Linear(width, width),
                        shared || !ofQueries ? null : new Linear(width, width),
                        new Linear(width, width),
                        new LayerNorm(width).epsilon(epsilon),
                        new FeedForward(width, hidden, activation),
                        new LayerNorm(width).epsilon(epsilon),
                        new Dropout(p),
                        heads,
                        ofQueries,
                        ofKeys))
                .limit(c.layers("num_hidden_layers"))
                .toList();
        return new Deberta(
                new Embedding(c.count("vocab_size"), inner, Init.normal(0, 0.02f)),
                types == 0 ? null : new Embedding(types, inner, Init.normal(0, 0.02f)),
                inner == width ? null : new Linear(inner, width).withoutBias(),
                new LayerNorm(width).epsilon(epsilon),
                new Dropout(p),
                new Embedding(2 * span, width, Init.normal(0, 0.02f)),
                norms.contains("layer_norm") ? new LayerNorm(width).epsilon(epsilon) : null,
                layers,
                buckets,
                farthest,
                context);
    }

    /** The bucket of a distance, which is the distance itself where it is small. */
    static int bucket(int distance, int buckets, int farthest) {
        int middle = buckets / 2;
        int size = Math.abs(distance);
        if (buckets == 0 || size <= middle) {
            return distance;
        }
        // in float, as the published code computes it
        float part = (float) Math.log((float) size / middle) / (float) Math.log((float) ((farthest - 1.0) / middle));
        int found = (int) Math.ceil(part * (middle - 1)) + middle;
        return distance > 0 ? found : -found;
    }

    /** The row of r of each distance that a text may have, from the farthest before a token to the one behind it. */
    private Tensor rowsByDistance() {
        int count = distances.weight().shape().dim(0);
        float[] of = new float[2 * context - 1]; // whole numbers, exact in float
        for (int i = 0; i < of.length; i++) {
            int b = bucket(i - (context - 1), buckets, farthest) + count / 2;
            of[i] = Math.max(0, Math.min(count - 1, b));
        }
        return Tensor.of(of, of.length);
    }

    @Override
    public Tensor encode(TextBatch texts) {
        Tensor sum = words.apply(texts.ids());
        if (types != null) {
            sum = sum.add(types.apply(texts.types()));
        }
        Tensor x = dropout.apply(norm.apply(project == null ? sum : project.apply(sum)));
        Tensor r = distances.weight().value().unsqueeze(0);
        Tensor normed = distanceNorm == null ? r : distanceNorm.apply(r);
        Places places = places(texts);
        for (Block layer : layers) {
            x = layer.apply(x, dropout.apply(normed), places, texts.mask());
        }
        return x;
    }

    /** Tokens of different texts have a distance too, which no token sees. */
    private Places places(TextBatch texts) {
        Tensor apart = texts.places().unsqueeze(1).sub(texts.places().unsqueeze(0));
        Tensor rows = rowsByDistance().take(0, apart.add(context - 1)).to(DType.I32); // [tokens, tokens]
        Tensor begins = texts.numbers().mul(distances.weight().shape().dim(0));
        return new Places(rows.add(begins.unsqueeze(1)), rows.add(begins.unsqueeze(0)));
    }

    @Override
    public int width() {
        return distances.weight().shape().dim(1);
    }

    @Override
    public int vocabulary() {
        return words.weight().shape().dim(0);
    }
}
