package dev.fathom.attention;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Activation;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * x' = norm1(x + attention(x)), y = norm2(x' + feedForward(x')) (Vaswani et al. 2017), or with the norms in front, x' =
 * x + attention(norm1(x)), y = x' + feedForward(norm2(x')) (Xiong et al. 2020), as PyTorch's
 * {@code TransformerEncoderLayer}. With a causal mask it is the layer of a GPT.
 *
 * @param selfAttn attention of the tokens to each other
 * @param feedForward what is computed for each token; its parameters have no prefix of their own
 * @param norm1 the norm of the attention
 * @param norm2 the norm of the feed-forward layer
 * @param dropout of what is added to x, in training
 * @param normFirst whether the norms are in front
 */
public record TransformerEncoderLayer(
        MultiHeadAttention selfAttn,
        @Inline FeedForward feedForward,
        Layer norm1,
        Layer norm2,
        Dropout dropout,
        boolean normFirst)
        implements SequenceLayer {
    /**
     * Makes a layer that normalizes after each sum and has no dropout.
     *
     * @throws IllegalArgumentException if a size is below 1, or heads do not divide the width
     */
    public TransformerEncoderLayer(int width, int heads, int hidden, Activation activation) {
        this(
                new MultiHeadAttention(width, heads),
                new FeedForward(width, hidden, activation),
                new LayerNorm(width),
                new LayerNorm(width),
                new Dropout(0),
                false);
    }

    /** Returns this layer with its norms in front. */
    public TransformerEncoderLayer normsFirst() {
        return Records.with(this, "normFirst", true);
    }

    /**
     * Returns this layer with dropout in PyTorch's four places: on the attention weights, on the hidden units, and on
     * what each of the two sums adds to x.
     */
    public TransformerEncoderLayer dropout(float p) {
        return Records.with(
                this,
                "selfAttn",
                selfAttn.dropout(p),
                "feedForward",
                feedForward.dropout(p),
                "dropout",
                new Dropout(p));
    }

    /** Returns this layer with other attention, such as one with rotary positions. */
    public TransformerEncoderLayer attention(MultiHeadAttention attention) {
        return Records.with(this, "selfAttn", attention);
    }

    /** Returns this layer with another feed-forward layer, such as a gated one. */
    public TransformerEncoderLayer feedForward(FeedForward layer) {
        return Records.with(this, "feedForward", layer);
    }

    /** Returns this layer with other norms, such as {@link dev.fathom.nn.RmsNorm}. */
    public TransformerEncoderLayer norms(Layer first, Layer second) {
        return Records.with(this, "norm1", first, "norm2", second);
    }

    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        return run(x, AttentionMask.ofLengths(lengths));
    }

    /** Computes the layer on x [batch, tokens, width], of which a token sees what the mask says. */
    public Tensor apply(Tensor x, AttentionMask mask) {
        return Pass.frame(this, () -> run(x, mask));
    }

    private Tensor run(Tensor x, AttentionMask mask) {
        Tensor lengths = mask.lengths();
        Tensor in = normFirst ? SequenceLayer.apply(norm1, x, lengths) : x;
        Tensor attended =
                Sums.drops(dropout) ? x.add(dropout.apply(selfAttn.apply(in, mask))) : selfAttn.apply(in, mask, x);
        return rest(attended, lengths);
    }

    private Tensor rest(Tensor attended, @Nullable Tensor lengths) {
        if (normFirst) {
            return Sums.add(feedForward, SequenceLayer.apply(norm2, attended, lengths), attended, dropout);
        }
        Tensor x = SequenceLayer.apply(norm1, attended, lengths);
        return SequenceLayer.apply(norm2, Sums.add(feedForward, x, x, dropout), lengths);
    }

    /** Returns the state for {@link #step} behind which there are no tokens; see {@link MultiHeadAttention#state}. */
    public State state(int batch, int capacity) {
        return selfAttn.state(batch, capacity);
    }

    /** Computes the layer, with a causal mask, on more tokens; see {@link MultiHeadAttention#step}. */
    public Next step(Tensor x, State state) {
        return Caches.counted(x, state, past -> step(x, state, past));
    }

    Next step(Tensor x, State state, Tensor past) {
        return Pass.frame(this, () -> {
            Next attended = selfAttn.step(normFirst ? norm1.apply(x) : x, state, past, x);
            return new Next(rest(attended.output(), null), attended.state());
        });
    }
}
