package dev.fathom.attention;

import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Where;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Records;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * y = concat over heads of softmax(q k^T / sqrt(d)) v, times an output matrix, with q, k and v linear in the tokens
 * (Vaswani et al. 2017). As a layer it is self-attention without a mask.
 *
 * @param projections what makes queries, keys and values
 * @param outProj [heads d] to [width]
 * @param heads the number of heads
 * @param kvHeads the number of heads of keys and values, which divides it (Ainslie et al. 2023)
 * @param dropout the probability with which a weight is dropped in training
 * @param rotary what turns queries and keys of self-attention by their positions, or null for nothing
 */
public record MultiHeadAttention(
        @Inline Projections projections,
        Linear outProj,
        int heads,
        int kvHeads,
        float dropout,
        @Nullable RotaryPositions rotary)
        implements SequenceLayer {
    /**
     * Checks the heads.
     *
     * @throws IllegalArgumentException if there are none, kvHeads does not divide them, or dropout is outside [0, 1)
     */
    public MultiHeadAttention {
        if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
            throw new IllegalArgumentException("MultiHeadAttention: heads=" + heads + " and kvHeads=" + kvHeads
                    + " must be at least 1, and kvHeads must divide heads");
        }
        Checks.dropProbability("MultiHeadAttention", "dropout", dropout);
    }

    /**
     * Makes attention with PyTorch's parameters {@code in_proj_weight}, {@code in_proj_bias} and {@code out_proj},
     * which begin as in PyTorch.
     *
     * @throws IllegalArgumentException if heads do not divide the width
     */
    public MultiHeadAttention(int width, int heads) {
        this(
                new Projections.Fused(divided(width, heads) * heads),
                new Linear(width, width).withBias(Init.zeros()),
                heads,
                heads,
                0,
                null);
    }

    private static int divided(int width, int heads) {
        if (heads < 1 || width < 1 || width % heads != 0) {
            throw new IllegalArgumentException("MultiHeadAttention: width=" + width + " and heads=" + heads
                    + " disagree: the heads must divide the width");
        }
        return width / heads;
    }

    /**
     * Makes attention with the parameters {@code q_proj}, {@code k_proj} and {@code v_proj}: for fewer heads of keys
     * and values than of queries, or for a memory of another width.
     *
     * @throws IllegalArgumentException if heads do not divide the width, or kvHeads the heads
     */
    public static MultiHeadAttention withSeparateProjections(int width, int memoryWidth, int heads, int kvHeads) {
        int d = divided(width, heads);
        return new MultiHeadAttention(
                new Projections.Separate(
                        new Linear(width, width),
                        new Linear(memoryWidth, kvHeads * d),
                        new Linear(memoryWidth, kvHeads * d)),
                new Linear(width, width),
                heads,
                kvHeads,
                0,
                null);
    }

    /** Returns this layer with attention weights that are dropped with probability {@code p} in training. */
    public MultiHeadAttention dropout(float p) {
        return Records.with(this, "dropout", p);
    }

    /** Returns this layer with queries and keys that are turned by their positions. Layers may share one table. */
    public MultiHeadAttention rotary(RotaryPositions positions) {
        return Records.with(this, "rotary", positions);
    }

    /** Returns this layer without biases. */
    public MultiHeadAttention withoutBias() {
        Projections bare = projections instanceof Projections.Separate s
                ? new Projections.Separate(
                        s.qProj().withoutBias(),
                        s.kProj().withoutBias(),
                        s.vProj().withoutBias())
                : new Projections.Fused(((Projections.Fused) projections).inProjWeight(), null);
        return Records.with(this, "projections", bare, "outProj", outProj.withoutBias());
    }

    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        return self(x, AttentionMask.ofLengths(lengths), null);
    }

    /**
     * Self-attention of x [batch, tokens, width]. Where the mask has lengths, they are those of the queries too: what
     * lies beyond them gives the output's bias.
     *
     * @throws IllegalArgumentException naming the two dimensions, if shapes disagree
     */
    public Tensor apply(Tensor x, AttentionMask mask) {
        return apply(x, mask, null);
    }

    /** Self-attention plus a residual of the shape of x, which is added in the kernel of the output matrix. */
    public Tensor apply(Tensor x, AttentionMask mask, @Nullable Tensor residual) {
        return Pass.frame(this, () -> self(x, mask, residual));
    }

    private Tensor self(Tensor x, AttentionMask mask, @Nullable Tensor residual) {
        tokens(x);
        AttentionMask both = mask.lengths() != null && mask.queryLengths() == null && mask.places() == null
                ? mask.withQueryLengths(mask.lengths())
                : mask;
        Attention how = how(both);
        if (projections instanceof Projections.Fused fused) {
            Tensor all = fused.all(x);
            Tensor turned = turned(all, 3 * heads, 2 * heads, mask);
            return outProj.apply(turned.attention(null, null, how), residual, null);
        }
        State memory = projections.memory(x);
        Tensor q = turned(projections.queries(x), heads, heads, mask);
        Tensor keys = turned(memory.get("keys"), kvHeads, kvHeads, mask);
        return outProj.apply(q.attention(keys, memory.get("values"), how), residual, null);
    }

    /**
     * Cross-attention: queries of x [batch, queries, width] to the tokens of {@code memory} [batch, keys, memory
     * width]. Positions are not turned.
     *
     * @throws IllegalArgumentException naming the two dimensions, if shapes disagree
     */
    public Tensor apply(Tensor x, Tensor memory, AttentionMask mask) {
        return apply(x, memory(memory), mask, null);
    }

    /** Cross-attention to keys and values of {@link #memory}, plus a residual of the shape of x if there is one. */
    public Tensor apply(Tensor x, State memory, AttentionMask mask, @Nullable Tensor residual) {
        return Pass.frame(
                this,
                () -> outProj.apply(
                        projections.queries(tokens(x)).attention(memory.get("keys"), memory.get("values"), how(mask)),
                        residual,
                        null));
    }

    /**
     * Returns the {@code keys} and {@code values} of a memory [batch, keys, memory width], which many calls may read.
     */
    public State memory(Tensor memory) {
        return Pass.frame(this, () -> projections.memory(tokens(memory)));
    }

    /**
     * Returns the state for {@link #step} behind which there are no tokens, in the current pass: a cache of
     * {@code keys} and {@code values} [batch, capacity, kvHeads d], which has room for as many tokens as will ever be
     * and holds those so far at its front, and {@code past}, I32 [batch], which counts them.
     */
    public State state(int batch, int capacity) {
        return Caches.empty(cache(batch, capacity), batch);
    }

    State cache(int batch, int capacity) {
        int width = kvHeads * (width() / heads);
        return State.of("keys", Tensor.zeros(batch, capacity, width), "values", Tensor.zeros(batch, capacity, width));
    }

    /**
     * Causal self-attention of more tokens x [batch, added, width], which stand behind the tokens of a state. It gives
     * the bits of {@code apply} with a causal mask on the whole sequence. No gradient flows through the state.
     *
     * <p>In a pass that does not record, caches of this pass give their memory to those that are returned, so that a
     * step costs the same for a large cache as for a small one. The state that was given must then not be used any
     * more, and using it is an exception. To go on from one state twice, keep it in a
     * {@link dev.fathom.tensor.KeptState} before.
     *
     * @param state that of {@link #state}, or what the step before returned
     * @throws IllegalArgumentException if shapes disagree, or the cache has no room for the tokens
     */
    public Next step(Tensor x, State state) {
        return Caches.counted(x, state, past -> step(x, state, past, null));
    }

    /** The output plus a residual of the shape of x, unless it is null, and the state with x in its cache. */
    Next step(Tensor x, State state, Tensor past, @Nullable Tensor residual) {
        return Pass.frame(this, () -> {
            tokens(x);
            Tensor q;
            Tensor k;
            Tensor v;
            if (projections instanceof Projections.Fused fused) {
                List<Tensor> parts = fused.all(x).split(2, width(), width(), width());
                q = parts.get(0);
                k = parts.get(1);
                v = parts.get(2);
            } else {
                q = projections.queries(x);
                State more = projections.memory(x);
                k = more.get("keys");
                v = more.get("values");
            }
            Tensor keys = state.get("keys").putRows(turned(k, kvHeads, past), past);
            Tensor values = state.get("values").putRows(v, past);
            Tensor y = turned(q, heads, past).attention(keys, values, how(AttentionMask.CAUSAL.withPast(past)));
            State now = state.with("keys", keys).with("values", values);
            return new Next(outProj.apply(y, residual, null), now);
        });
    }

    private int width() {
        return outProj.weight().shape().dim(1);
    }

    /** Turned by the places in their own texts where these lie side by side, as so many texts of one token. */
    private Tensor turned(Tensor x, int count, int turned, AttentionMask mask) {
        Tensor places = mask.places();
        if (rotary == null) {
            return x;
        }
        return places == null
                ? rotary.turn(x, count, turned, null)
                : rotary.turn(x.reshape(-1, 1, x.dim(2)), count, turned, places).reshape(x.shape());
    }

    private Tensor turned(Tensor x, int count, @Nullable Tensor past) {
        return rotary == null ? x : rotary.turn(x, count, count, past);
    }

    private Attention how(AttentionMask mask) {
        return new Attention(heads, kvHeads, Float.NaN, Pass.current().training() ? dropout : 0, mask);
    }

    private static Tensor tokens(Tensor x) {
        if (x.shape().rank() != 3) {
            throw new IllegalArgumentException("MultiHeadAttention" + Where.running() + ": x " + x.shape()
                    + " must be [batch, tokens, width]; reshape it");
        }
        return x;
    }
}
