package dev.fathom.attention;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Records;

/**
 * Self-attention, attention to a memory, and a feed-forward layer, each added to its input and normalized behind or in
 * front, as PyTorch's {@code TransformerDecoderLayer} (Vaswani et al. 2017).
 *
 * @param selfAttn attention of the tokens to each other
 * @param multiheadAttn attention to the memory
 * @param feedForward what is computed for each token; its parameters have no prefix of their own
 * @param norm1 the norm of the self-attention
 * @param norm2 the norm of the attention to the memory
 * @param norm3 the norm of the feed-forward layer
 * @param dropout of what is added, in training
 * @param normFirst whether the norms are in front
 */
public record TransformerDecoderLayer(
        MultiHeadAttention selfAttn,
        MultiHeadAttention multiheadAttn,
        @Inline FeedForward feedForward,
        Layer norm1,
        Layer norm2,
        Layer norm3,
        Dropout dropout,
        boolean normFirst)
        implements Net {
    /**
     * Makes a layer that normalizes after each sum and has no dropout.
     *
     * @throws IllegalArgumentException if a size is below 1, or heads do not divide the width
     */
    public TransformerDecoderLayer(int width, int heads, int hidden, Activation activation) {
        this(
                new MultiHeadAttention(width, heads),
                new MultiHeadAttention(width, heads),
                new FeedForward(width, hidden, activation),
                new LayerNorm(width),
                new LayerNorm(width),
                new LayerNorm(width),
                new Dropout(0),
                false);
    }

    /** Returns this layer with its norms in front. */
    public TransformerDecoderLayer normsFirst() {
        return Records.with(this, "normFirst", true);
    }

    /**
     * Returns this layer with dropout in PyTorch's places: of attention weights, hidden units, and of the three sums.
     */
    public TransformerDecoderLayer dropout(float p) {
        return Records.with(
                this,
                "selfAttn",
                selfAttn.dropout(p),
                "multiheadAttn",
                multiheadAttn.dropout(p),
                "feedForward",
                feedForward.dropout(p),
                "dropout",
                new Dropout(p));
    }

    /** Returns this layer with other self-attention, such as one with rotary positions. */
    public TransformerDecoderLayer attention(MultiHeadAttention attention) {
        return Records.with(this, "selfAttn", attention);
    }

    /** Returns this layer with other attention to the memory, such as one to a memory of another width. */
    public TransformerDecoderLayer memoryAttention(MultiHeadAttention attention) {
        return Records.with(this, "multiheadAttn", attention);
    }

    /** Returns this layer with other norms, such as {@link dev.fathom.nn.RmsNorm}. */
    public TransformerDecoderLayer norms(Layer first, Layer second, Layer third) {
        return Records.with(this, "norm1", first, "norm2", second, "norm3", third);
    }

    /** Returns this layer with another feed-forward layer, such as a gated one. */
    public TransformerDecoderLayer feedForward(FeedForward layer) {
        return Records.with(this, "feedForward", layer);
    }

    /**
     * Computes the layer on x [batch, tokens, width] and a memory [batch, keys, width].
     *
     * @param mask what tokens see of each other, usually {@link AttentionMask#CAUSAL}
     * @param memoryMask what they see of the memory
     */
    public Tensor apply(Tensor x, Tensor memory, AttentionMask mask, AttentionMask memoryMask) {
        return Pass.frame(this, () -> {
            Tensor in = normFirst ? norm1.apply(x) : x;
            Tensor sum =
                    Sums.drops(dropout) ? x.add(dropout.apply(selfAttn.apply(in, mask))) : selfAttn.apply(in, mask, x);
            return rest(sum, multiheadAttn.memory(memory), memoryMask);
        });
    }

    private Tensor rest(Tensor attended, State memory, AttentionMask memoryMask) {
        Tensor x = normFirst ? attended : norm1.apply(attended);
        Tensor in = normFirst ? norm2.apply(x) : x;
        Tensor sum = Sums.drops(dropout)
                ? x.add(dropout.apply(multiheadAttn.apply(in, memory, memoryMask, null)))
                : multiheadAttn.apply(in, memory, memoryMask, x);
        Tensor y = normFirst ? sum : norm2.apply(sum);
        return normFirst
                ? Sums.add(feedForward, norm3.apply(y), y, dropout)
                : norm3.apply(Sums.add(feedForward, y, y, dropout));
    }

    /**
     * Returns the state for {@link #step} behind which there are no tokens, in the current pass; see
     * {@link TransformerDecoder#state}.
     */
    public State state(Tensor memory, int capacity) {
        return Caches.empty(cache(memory, capacity), memory.dim(0));
    }

    State cache(Tensor memory, int capacity) {
        return selfAttn.cache(memory.dim(0), capacity).with("memory", multiheadAttn.memory(memory));
    }

    /** Computes the layer, with a causal mask, on more tokens; see {@link MultiHeadAttention#step}. */
    public Next step(Tensor x, State state, AttentionMask memoryMask) {
        return Caches.counted(x, state, past -> step(x, state, past, memoryMask));
    }

    Next step(Tensor x, State state, Tensor past, AttentionMask memoryMask) {
        return Pass.frame(this, () -> {
            Next attended = selfAttn.step(normFirst ? norm1.apply(x) : x, state, past, x);
            return new Next(rest(attended.output(), state.part("memory"), memoryMask), attended.state());
        });
    }
}
