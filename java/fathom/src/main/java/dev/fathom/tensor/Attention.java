package dev.fathom.tensor;

import dev.fathom.op.Where;
import dev.fathom.ops.AttentionOp;
import org.jspecify.annotations.Nullable;

/**
 * How {@link Tensor#attention} computes: {@code q.attention(k, v, new Attention(8).causal())}.
 *
 * @param heads the number of heads of the queries
 * @param kvHeads the number of heads of keys and values, which divides it: so many heads share each (Ainslie et al.
 *     2023)
 * @param scale what the scores are multiplied by; NaN for 1 / sqrt(d)
 * @param dropout the probability with which a weight is set to 0, while the others are multiplied by 1 / (1 - dropout)
 * @param mask what the queries see
 */
public record Attention(int heads, int kvHeads, float scale, float dropout, AttentionMask mask) {
    /**
     * Checks the probability.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Attention {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("attention" + Where.running() + ": dropout=" + dropout
                    + " is the probability to drop and must be in [0, 1)");
        }
    }

    /** Every query sees every key, scores are divided by sqrt(d), and nothing is dropped. */
    public Attention(int heads) {
        this(heads, heads, Float.NaN, 0, AttentionMask.NONE);
    }

    /** Returns these settings for fewer heads of keys and values. */
    public Attention kvHeads(int newHeads) {
        return new Attention(heads, newHeads, scale, dropout, mask);
    }

    /** Returns these settings with another factor of the scores. */
    public Attention scale(float newScale) {
        return new Attention(heads, kvHeads, newScale, dropout, mask);
    }

    /** Returns these settings with weights that are dropped with this probability, in a pass with random numbers. */
    public Attention dropout(float p) {
        return new Attention(heads, kvHeads, scale, p, mask);
    }

    /** Returns these settings with another mask. */
    public Attention mask(AttentionMask newMask) {
        return new Attention(heads, kvHeads, scale, dropout, newMask);
    }

    /** Returns these settings with a causal mask. */
    public Attention causal() {
        return mask(AttentionMask.CAUSAL);
    }

    Tensor of(Tensor q, @Nullable Tensor k, @Nullable Tensor v) {
        long seed = 0;
        long counter = 0;
        if (dropout > 0 && q.shape().rank() == 3) {
            Rng rng = Pass.current().rng();
            long keys = k == null ? q.dim(1) : k.shape().rank() > 1 ? k.dim(1) : 0;
            seed = rng.seed();
            counter = rng.take(AttentionOp.draws((long) q.dim(0) * heads * q.dim(1), keys));
        }
        return Pass.call(
                new AttentionOp(
                        heads,
                        kvHeads,
                        mask.causal(),
                        mask.relative() && mask.bias() != null,
                        mask.places() != null,
                        scale,
                        dropout,
                        seed,
                        counter),
                q,
                k,
                v,
                mask.bias(),
                mask.lengths(),
                mask.queryLengths(),
                mask.past());
    }
}
