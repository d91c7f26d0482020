package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.op.DType;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Attention with one or several heads, and what stands around it in encoders and decoders. */
final class Attentions {
    private static final String MICROSOFT = "com.microsoft.";

    private Attentions() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "Attention" -> new Operator(Attentions::standard);
            case MICROSOFT + "Attention" ->
                new Operator(s -> packed(s, s.tensor(0).linear(s.weight(1, 1, 0), s.vectorIfGiven(2)), 3, 4))
                        .weight(1, (n, rank) -> rank == 2 ? new int[] {1, 0} : Operator.inOrder(rank));
            case MICROSOFT + "QAttention" ->
                new Operator(s -> {
                            Tensor all = Quantized.product(s, 0, 6, 1, 7)
                                    .mul(s.floats(3).mul(s.floats(4)));
                            return packed(s, s.given(2) ? all.add(s.tensor(2)) : all, 5, 8);
                        })
                        .weight(1);
            case MICROSOFT + "MultiHeadAttention" -> new Operator(Attentions::multiHead);
            case "ai.onnx.preview.FlexAttention" -> Operator.one(Attentions::flexible);
            case "LinearAttention" -> new Operator(Attentions::linear);
            case MICROSOFT + "GroupQueryAttention" -> new Operator(Attentions::grouped);
            case "RotaryEmbedding" -> Operator.one(s -> rotary(s, 1, 2, 3));
            case MICROSOFT + "RotaryEmbedding" -> Operator.one(s -> rotary(s, 2, 3, 1));
            case MICROSOFT + "EmbedLayerNormalization" ->
                new Operator(s -> embedded(s, s::weightOrNull, s.given(8) ? s.tensor(8) : null));
            case MICROSOFT + "QEmbedLayerNormalization" ->
                new Operator(s -> embedded(s, i -> s.given(i) ? Quantized.real(s, i, i + 6, i + 11) : null, null))
                        .weight(2)
                        .weight(3)
                        .weight(4)
                        .weight(5)
                        .weight(6);
            default -> null;
        };
    }

    // ---- heads

    /** [batch, heads, length, d] as [batch, length, heads d]. */
    private static Tensor joined(Tensor x) {
        int[] d = x.shape().toArray();
        return x.permute(0, 2, 1, 3).reshape(d[0], d[2], d[1] * d[3]);
    }

    /** [batch, length, heads d] as [batch, heads, length, d]. */
    private static Tensor parted(Tensor x, int heads) {
        int[] d = x.shape().toArray();
        return x.reshape(d[0], d[1], heads, d[2] / heads).permute(0, 2, 1, 3);
    }

    /**
     * Attention of q, k and v [batch, length, heads d].
     *
     * @param how with the heads, the scale and what is seen
     * @param softcap c of c tanh(score / c), or 0
     */
    private static Tensor attend(Tensor q, Tensor k, Tensor v, Attention how, float softcap) {
        boolean plain = softcap == 0 && k.dim(-1) == v.dim(-1);
        if (plain) {
            return q.attention(k, v, how);
        }
        return joined(new Scores(q, k, how, softcap).of(v));
    }

    /** Scores step by step, for forms that the kernel does not have. */
    private static final class Scores {
        final Tensor products;
        final Tensor capped;
        final Tensor masked;
        final Tensor shares;
        private final int kvHeads;

        Scores(Tensor q, Tensor k, Attention how, float softcap) {
            int heads = how.heads();
            kvHeads = how.kvHeads();
            Tensor a = parted(q, heads);
            Tensor b = parted(k, kvHeads);
            int n = b.dim(0);
            int t = b.dim(2);
            int d = b.dim(3);
            double scale = Float.isNaN(how.scale()) ? 1 / Math.sqrt(d) : how.scale();
            products = a.matmulTransposed(shared(b, heads)).mul(scale);
            capped = softcap == 0 ? products : products.div(softcap).tanh().mul(softcap);
            Tensor x = capped;
            AttentionMask mask = how.mask();
            Tensor bias = mask.bias();
            x = bias == null ? x : x.add(bias);
            int s = x.dim(2);
            if (mask.causal()) {
                Tensor past = mask.past();
                Tensor last = Tensor.ofInts(Operator.inOrder(s), s, 1);
                last = past == null ? last.add(t - s) : last.add(past.reshape(n, 1, 1, 1));
                Tensor keys = Tensor.ofInts(Operator.inOrder(t), 1, t);
                x = keys.gt(last).where(Tensor.scalar(Float.NEGATIVE_INFINITY), x);
            }
            Tensor lengths = mask.lengths();
            if (lengths != null) {
                Tensor keys = Tensor.ofInts(Operator.inOrder(t), 1, t);
                x = keys.ge(lengths.reshape(n, 1, 1, 1)).where(Tensor.scalar(Float.NEGATIVE_INFINITY), x);
            }
            masked = x;
            // a query that sees no key gives zeros
            Tensor seen = x.max(-1).unsqueeze(-1).eq(Float.NEGATIVE_INFINITY);
            shares =
                    seen.where(Tensor.scalar(0), seen.where(Tensor.scalar(0), x).softmax(-1));
        }

        Tensor of(Tensor v) {
            return shares.matmul(shared(parted(v, kvHeads), shares.dim(1)));
        }
    }

    /** A mask of booleans, of which false hides a key, or of numbers that are added. */
    private static Tensor bias(Step s, int i) {
        Tensor m = s.tensor(i);
        return s.type(i) == ElementType.BOOL
                ? m.where(Tensor.scalar(0), Tensor.scalar(Float.NEGATIVE_INFINITY))
                : m.to(DType.F32);
    }

    // ---- the standard's own

    private static Object[] standard(Step s) {
        boolean four = s.rank(0) == 4;
        Tensor q = s.tensor(0);
        Tensor k = s.tensor(1);
        Tensor v = s.tensor(2);
        int heads = four ? q.dim(1) : (int) s.whole("q_num_heads", 1);
        int kvHeads = four ? k.dim(1) : (int) s.whole("kv_num_heads", heads);
        Tensor k4 = four ? k : parted(k, kvHeads);
        Tensor v4 = four ? v : parted(v, kvHeads);
        k4 = s.given(4) ? Tensor.concat(2, s.tensor(4), k4) : k4;
        v4 = s.given(5) ? Tensor.concat(2, s.tensor(5), v4) : v4;
        Tensor q3 = four ? joined(q) : q;
        AttentionMask mask = AttentionMask.NONE;
        int length = q3.dim(1);
        int keys = k4.dim(2);
        if (s.given(3)) {
            Tensor b = bias(s, 3);
            int there = b.dim(-1);
            b = there < keys ? b.pad(b.shape().rank() - 1, Double.NEGATIVE_INFINITY, 0, keys - there) : b;
            mask = mask.withBias(b);
        }
        mask = s.given(6) ? mask.withLengths(s.tensor(6)) : mask;
        if (s.whole("is_causal", 0) != 0) {
            int[] past = new int[q3.dim(0)];
            Arrays.fill(past, s.given(4) ? s.dims(4)[2] : 0);
            Tensor before = s.given(6) && !s.given(4) ? s.tensor(6).sub(length) : Tensor.ofInts(past, past.length);
            mask = mask.withPast(before);
        }
        float scale = s.has("scale") ? s.real("scale", 1) : Float.NaN;
        Attention how = new Attention(heads, kvHeads, scale, 0, mask);
        float softcap = s.real("softcap", 0);
        Tensor k3 = joined(k4);
        Tensor v3 = joined(v4);
        Tensor scores = null;
        Tensor y;
        boolean windowed = s.whole("left_window_size", -1) >= 0 || s.whole("right_window_size", -1) >= 0;
        if (windowed) {
            Tensor near = window(s, length, keys);
            Tensor b = mask.bias();
            mask = mask.withBias(b == null ? near : b.add(near));
            how = how.mask(mask);
        }
        boolean beyond = s.given(4) && s.dims(4)[2] + length > keys; // queries after the last key
        if (s.wants(3) || (s.given(6) || beyond) && s.whole("is_causal", 0) != 0) {
            Scores all = new Scores(q3, k3, how, softcap);
            scores = !s.wants(3)
                    ? null
                    : switch ((int) s.whole("qk_matmul_output_mode", 0)) {
                        case 0 -> all.products;
                        case 1 -> all.capped;
                        case 2 -> all.masked;
                        default -> all.shares;
                    };
            y = joined(all.of(v3));
        } else {
            y = attend(q3, k3, v3, how, softcap);
        }
        y = four ? parted(y, heads) : y;
        ElementType type = s.type(0);
        return new @Nullable Object[] {
            Held.of(y, type), Held.of(k4, type), Held.of(v4, type), scores == null ? null : Held.of(scores, type)
        };
    }

    /** Attention whose scores and shares are changed by graphs of the node. */
    private static Object flexible(Step s) {
        Tensor q = s.tensor(0);
        int heads = q.dim(1);
        Tensor k = shared(s.tensor(1), heads);
        float scale = s.real("scale", 1 / Math.sqrt(q.dim(3)));
        Tensor scores = changed(s, "score_mod", q.matmulTransposed(k).mul(scale));
        Tensor shares = changed(s, "prob_mod", scores.softmax(-1));
        return Held.of(shares.matmul(shared(s.tensor(2), heads)), s.type(0));
    }

    private static Tensor changed(Step s, String graph, Tensor x) {
        if (!s.has(graph)) {
            return x;
        }
        ElementType type = s.type(0) == ElementType.DOUBLE ? ElementType.DOUBLE : ElementType.FLOAT;
        return Step.held(
                        requireNonNull(s.run(s.program(graph), Held.of(x, type)).get(0)))
                .channelsFirst();
    }

    /** Keys or values [batch, heads, length, d] of fewer heads than those of queries, each for several. */
    private static Tensor shared(Tensor x, int heads) {
        int[] d = x.shape().toArray();
        int share = heads / d[1];
        return share == 1
                ? x
                : x.unsqueeze(2).expand(d[0], d[1], share, d[2], d[3]).reshape(d[0], heads, d[2], d[3]);
    }

    /**
     * Attention by a state S [batch, heads, d, d of values] that is carried from token to token (Yang et al. 2024): S =
     * exp(decay) S + k (beta (v - k S)), and y = q S; without what its rule leaves out. A plan of it has a fixed
     * length.
     */
    private static Object[] linear(Step s) {
        int heads = (int) s.whole("q_num_heads", 1);
        int kvHeads = (int) s.whole("kv_num_heads", heads);
        Tensor q = parted(s.tensor(0), heads);
        Tensor k = parted(s.tensor(1), kvHeads);
        Tensor v = parted(s.tensor(2), kvHeads);
        int n = k.dim(0);
        int length = k.dim(2);
        int d = k.dim(3);
        String rule = s.text("update_rule", "gated_delta");
        boolean delta = rule.endsWith("delta");
        Tensor decay =
                rule.startsWith("gated") ? parted(s.tensor(4), kvHeads).exp() : null; // [n, heads, length, d or 1]
        Tensor beta = delta ? s.tensor(5).permute(0, 2, 1).unsqueeze(3) : null;
        Tensor state = s.given(3) ? s.tensor(3) : Tensor.zeros(n, kvHeads, d, v.dim(3));
        float given = s.real("scale", 0);
        double scale = given == 0 ? 1 / Math.sqrt(d) : given;
        Tensor[] out = new Tensor[length];
        for (int t = 0; t < length; t++) {
            Tensor key = k.slice(2, t, t + 1); // [n, heads, 1, d]
            Tensor value = v.slice(2, t, t + 1);
            state = decay == null ? state : state.mul(decay.slice(2, t, t + 1).transpose(2, 3));
            value = beta == null ? value : value.sub(key.matmul(state)).mul(beta.slice(2, t, t + 1));
            state = state.add(key.transpose(2, 3).mul(value));
            out[t] = q.slice(2, t, t + 1).matmul(shared(state, heads));
        }
        Tensor y = joined(Tensor.concat(2, out)).mul(scale);
        return new Object[] {Held.of(y, s.type(0)), Held.of(state, s.given(3) ? s.type(3) : s.type(0))};
    }

    private static Tensor window(Step s, int queries, int keys) {
        Tensor first = s.given(6)
                ? s.tensor(6).sub(queries).reshape(s.dims(0)[0], 1, 1, 1)
                : Tensor.ofInts(new int[] {s.given(4) ? s.dims(4)[2] : 0}, 1);
        return near(
                first, queries, keys, (int) s.whole("left_window_size", -1), (int) s.whole("right_window_size", -1));
    }

    /**
     * Minus infinity for keys that are too far from their query, on either side.
     *
     * @param first the place of the first query among the keys
     * @param left how many keys before its own a query sees, or -1 for all
     */
    private static Tensor near(Tensor first, int queries, int keys, int left, int right) {
        Tensor before = first.add(Tensor.ofInts(Operator.inOrder(queries), queries, 1))
                .sub(Tensor.ofInts(Operator.inOrder(keys), 1, keys));
        Tensor far = before.gt(left < 0 ? Integer.MAX_VALUE : left)
                .max(before.neg().gt(right < 0 ? Integer.MAX_VALUE : right));
        return far.where(Tensor.scalar(Float.NEGATIVE_INFINITY), Tensor.scalar(0));
    }

    // ---- as optimizers write it

    /**
     * Queries, keys and values of one product.
     *
     * @param padded the input that tells which keys are no padding
     * @param before the input with earlier keys and values
     */
    private static Object[] packed(Step s, Tensor all, int padded, int before) {
        int heads = (int) s.whole("num_heads", 1);
        int width = all.dim(-1);
        int[] sizes = s.wholes("qkv_hidden_sizes", width / 3, width / 3, width / 3);
        Tensor q = all.slice(2, 0, sizes[0]);
        Tensor k = all.slice(2, sizes[0], sizes[0] + sizes[1]);
        Tensor v = all.slice(2, sizes[0] + sizes[1], width);
        Tensor present = null;
        if (s.given(before) || s.wants(1)) {
            Tensor k4 = parted(k, heads);
            Tensor v4 = parted(v, heads);
            if (s.given(before)) {
                Tensor past = s.tensor(before);
                k4 = Tensor.concat(2, past.slice(0, 0, 1).squeeze(0), k4);
                v4 = Tensor.concat(2, past.slice(0, 1, 2).squeeze(0), v4);
            }
            present = Tensor.stack(0, k4, v4);
            k = joined(k4);
            v = joined(v4);
        }
        AttentionMask mask = padding(s, padded, k.dim(1), s.real("mask_filter_value", -10000));
        if (padded == 3 && s.given(5)) {
            Tensor bias = mask.bias();
            mask = mask.withBias(bias == null ? s.tensor(5) : s.tensor(5).add(bias));
        }
        Attention how = new Attention(heads).mask(mask);
        how = s.whole("unidirectional", 0) != 0 ? how.mask(causal(mask)) : how;
        how = s.has("scale") && s.real("scale", 0) != 0 ? how.scale(s.real("scale", 0)) : how;
        Held y = Held.of(attend(q, k, v, how, 0), ElementType.FLOAT);
        return present == null ? new Object[] {y} : new Object[] {y, Held.of(present, ElementType.FLOAT)};
    }

    private static AttentionMask causal(AttentionMask m) {
        return new AttentionMask(true, m.bias(), m.lengths(), m.queryLengths(), m.past(), m.relative(), m.places());
    }

    /** Which keys are no padding: how many of each row, or a 1 for each. */
    private static AttentionMask padding(Step s, int i, int keys, float hidden) {
        if (!s.given(i)) {
            return AttentionMask.NONE;
        }
        Tensor m = s.tensor(i);
        int rank = m.shape().rank();
        if (rank == 1) {
            return AttentionMask.ofLengths(m.to(DType.I32)); // [2 batch] has beginnings as well, which are 0
        }
        Tensor bias = m.to(DType.F32).rsub(1).mul(hidden);
        return AttentionMask.NONE.withBias(
                rank == 2
                        ? bias.reshape(m.dim(0), 1, 1, m.dim(1))
                        : rank == 3 ? bias.unsqueeze(1) : bias.slice(3, 0, keys));
    }

    private static Object[] multiHead(Step s) {
        int heads = (int) s.whole("num_heads", 1);
        Tensor q = s.tensor(0);
        Tensor k;
        Tensor v;
        if (q.shape().rank() == 5) { // [batch, length, heads, 3, d]
            Tensor all = q;
            q = part(all, 0);
            k = part(all, 1);
            v = part(all, 2);
        } else if (s.given(1) && s.rank(1) == 5) {
            k = part(s.tensor(1), 0);
            v = part(s.tensor(1), 1);
        } else {
            k = s.given(1) ? s.tensor(1) : q;
            v = s.given(2) ? s.tensor(2) : k;
        }
        Tensor k4 = k.shape().rank() == 4 ? k : null; // [batch, heads, length, d] of a cross-attention
        Tensor v4 = v.shape().rank() == 4 ? v : null;
        if (s.given(3)) {
            Tensor b = s.tensor(3);
            int width = q.dim(-1);
            q = q.add(b.slice(0, 0, width));
            k = k4 == null ? k.add(b.slice(0, width, width + k.dim(-1))) : k;
            v = v4 == null ? v.add(b.slice(0, b.dim(0) - v.dim(-1), b.dim(0))) : v;
        }
        if (s.given(6) && k4 == null) {
            k4 = Tensor.concat(2, s.tensor(6), parted(k, heads));
            v4 = Tensor.concat(2, s.tensor(7), parted(v, heads));
        }
        k = k4 == null ? k : joined(k4);
        v = v4 == null ? v : joined(v4);
        AttentionMask mask = padding(s, 4, k.dim(1), s.real("mask_filter_value", -10000));
        if (s.given(5)) {
            Tensor bias = mask.bias();
            mask = mask.withBias(bias == null ? s.tensor(5) : s.tensor(5).add(bias));
        }
        Attention how = new Attention(heads).mask(s.whole("unidirectional", 0) != 0 ? causal(mask) : mask);
        how = s.has("scale") && s.real("scale", 0) != 0 ? how.scale(s.real("scale", 0)) : how;
        ElementType type = s.type(0);
        Held y = Held.of(attend(q, k, v, how, 0), type);
        return s.wants(1)
                ? new Object[] {
                    y,
                    Held.of(k4 == null ? parted(k, heads) : k4, type),
                    Held.of(v4 == null ? parted(v, heads) : v4, type)
                }
                : new Object[] {y};
    }

    private static Tensor part(Tensor all, int i) {
        int[] d = all.shape().toArray();
        return all.slice(3, i, i + 1).reshape(d[0], d[1], d[2] * d[4]);
    }

    /** Queries of which several share keys and values, whose cache grows where each row ends. */
    private static Object[] grouped(Step s) {
        int heads = (int) s.whole("num_heads", 1);
        int kvHeads = (int) s.whole("kv_num_heads", heads);
        Tensor q = s.tensor(0);
        Tensor k;
        Tensor v;
        if (s.given(1)) {
            k = s.tensor(1);
            v = s.tensor(2);
        } else {
            int d = q.dim(-1) / (heads + 2 * kvHeads);
            Tensor all = q;
            q = all.slice(2, 0, heads * d);
            k = all.slice(2, heads * d, (heads + kvHeads) * d);
            v = all.slice(2, (heads + kvHeads) * d, all.dim(2));
        }
        int n = q.dim(0);
        int length = q.dim(1);
        Tensor total = s.tensor(5).reshape(n).add(1);
        Tensor before = total.sub(length).clamp(0, Integer.MAX_VALUE);
        if (s.whole("do_rotary", 0) != 0) {
            Tensor places = before.reshape(n, 1).add(Tensor.ofInts(Operator.inOrder(length), 1, length));
            Tensor cos = s.tensor(7);
            Tensor sin = s.tensor(8);
            // places behind the end of a shorter row turn nothing that is seen
            places = places.clamp(0, cos.dim(0) - 1);
            boolean interleaved = s.whole("rotary_interleaved", 0) != 0;
            q = turned(q, heads, cos.take(0, places), sin.take(0, places), interleaved);
            k = turned(k, kvHeads, cos.take(0, places), sin.take(0, places), interleaved);
        }
        int past = s.given(3) ? s.dims(3)[2] : 0;
        if (past > 0) {
            k = joined(s.tensor(3)).pad(1, 0, 0, length).putRows(k, before);
            v = joined(s.tensor(4)).pad(1, 0, 0, length).putRows(v, before);
        }
        AttentionMask mask = AttentionMask.NONE.withLengths(total).withPast(before);
        int window = (int) s.whole("local_window_size", -1);
        if (window > 0) {
            mask = mask.withBias(near(before.reshape(n, 1, 1, 1), length, k.dim(1), window - 1, -1)); // with its own
        }
        float scale = s.real("scale", 0);
        Attention how = new Attention(heads, kvHeads, scale == 0 ? Float.NaN : scale, 0, mask);
        ElementType type = s.type(0);
        return new Object[] {
            Held.of(attend(q, k, v, how, s.real("softcap", 0)), type),
            Held.of(parted(k, kvHeads), type),
            Held.of(parted(v, kvHeads), type)
        };
    }

    // ---- positions and embeddings

    private static Object rotary(Step s, int cos, int sin, int places) {
        Tensor x = s.tensor(0);
        boolean four = x.shape().rank() == 4; // [batch, heads, length, d]
        int heads = four ? x.dim(1) : (int) s.whole("num_heads", 0);
        Tensor c = s.tensor(cos);
        Tensor n = s.tensor(sin);
        Tensor t = four ? joined(x) : x;
        if (heads == 0) { // of com.microsoft, where the cache tells the width of a head
            heads = t.dim(-1) / (2 * c.dim(-1));
        }
        int batch = t.dim(0);
        int length = t.dim(1);
        if (s.given(places)) {
            Tensor at = s.tensor(places);
            if (at.shape().rank() == 1 && at.size() == 1) { // the first place of all
                at = at.add(Tensor.ofInts(Operator.inOrder(length), 1, length));
            }
            at = at.shape().rank() == 1 ? at.unsqueeze(0) : at;
            c = c.take(0, at);
            n = n.take(0, at);
        }
        c = c.shape().rank() == 2 ? c.unsqueeze(0) : c;
        n = n.shape().rank() == 2 ? n.unsqueeze(0) : n;
        if (batch < 1) {
            return s.value(0);
        }
        float scale = s.real("scale", 1);
        Tensor y = turned(t, heads, c, n, s.whole("interleaved", 0) != 0);
        y = scale == 1 ? y : y.mul(scale);
        return Held.of(four ? parted(y, heads) : y, s.type(0));
    }

    /**
     * Pairs of each head turned by their angles (Su et al. 2021).
     *
     * @param cos of the first pairs, [batch or 1, length, pairs]; the dimensions behind them stay
     * @param interleaved whether neighbors are a pair, and not the halves
     */
    private static Tensor turned(Tensor x, int heads, Tensor cos, Tensor sin, boolean interleaved) {
        int[] dims = x.shape().toArray();
        int d = dims[2] / heads;
        int pairs = cos.dim(-1);
        Tensor t = x.reshape(dims[0], dims[1], heads, d);
        Tensor c = cos.unsqueeze(2);
        Tensor n = sin.unsqueeze(2);
        Tensor a;
        Tensor b;
        if (interleaved) {
            Tensor two = t.slice(3, 0, 2 * pairs).reshape(dims[0], dims[1], heads, pairs, 2);
            a = two.slice(4, 0, 1).squeeze(4);
            b = two.slice(4, 1, 2).squeeze(4);
        } else {
            a = t.slice(3, 0, pairs);
            b = t.slice(3, pairs, 2 * pairs);
        }
        Tensor re = a.mul(c).sub(b.mul(n));
        Tensor im = a.mul(n).add(b.mul(c));
        Tensor y = interleaved
                ? Tensor.stack(4, re, im).reshape(dims[0], dims[1], heads, 2 * pairs)
                : Tensor.concat(3, re, im);
        y = 2 * pairs < d ? Tensor.concat(3, y, t.slice(3, 2 * pairs, d)) : y;
        return y.reshape(dims);
    }

    /** Words, positions and segments, normalized; and how many tokens of each row are no padding. */
    private static Object[] embedded(Step s, IntFunction<@Nullable Operand> table, @Nullable Tensor given) {
        Tensor ids = s.tensor(0);
        int n = ids.dim(0);
        int length = ids.dim(1);
        Tensor sum = ids.embedding(requireNonNull(table.apply(2)), null);
        Tensor places = given == null ? Tensor.arange(length).unsqueeze(0) : given;
        sum = sum.add(places.embedding(requireNonNull(table.apply(3)), null));
        Operand segments = s.given(1) ? table.apply(4) : null;
        sum = segments == null ? sum : sum.add(s.tensor(1).embedding(segments, null));
        Tensor y = sum.layerNorm(1, requireNonNull(table.apply(5)), table.apply(6), s.real("epsilon", 1e-12));
        Tensor counts = s.given(7) ? s.tensor(7).to(DType.F32).sum(1).to(DType.I32) : Tensor.ofInts(new int[n], n);
        return new Object[] {
            Held.of(y, ElementType.FLOAT), Held.of(counts, ElementType.INT32), Held.of(sum, ElementType.FLOAT)
        };
    }
}
