package dev.fathom.decode;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Where;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y[i] = sum over j of a[i][j] memory[j], a[i] = softmax over j of score(tanh(query(x[i]) + key(memory[j]))): the
 * attention of Bahdanau et al. (2015). Unlike the scaled product it makes all pairs of tokens: batch x queries x keys x
 * units numbers.
 *
 * @param query from the width of the queries to the units
 * @param key from the width of the memory to the units
 * @param score from the units to one number
 */
public record AdditiveAttention(Linear query, Linear key, Linear score) implements Net {
    /**
     * Makes the three matrices, none with a bias.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public AdditiveAttention(int queryWidth, int memoryWidth, int units) {
        this(
                new Linear(queryWidth, units).withoutBias(),
                new Linear(memoryWidth, units).withoutBias(),
                new Linear(units, 1).withoutBias());
    }

    /**
     * Attends from x [batch, queries, query width] to memory [batch, keys, memory width] and returns [batch, queries,
     * memory width]. A query that sees no key gives zeros.
     *
     * @throws IllegalArgumentException if x or the memory is not [batch, tokens, width], or the mask has a bias, which
     *     additive attention does not take
     */
    public Tensor apply(Tensor x, Tensor memory, AttentionMask mask) {
        return Pass.frame(this, () -> attend(x, memory, memory, mask));
    }

    /**
     * Returns the weights a [batch, queries, keys] with which {@link #apply} adds up the memory, for a picture of what
     * looks where. Each row adds up to 1, or is 0 for a query that sees no key.
     *
     * @throws IllegalArgumentException as {@link #apply}
     */
    public Tensor weights(Tensor x, Tensor memory, AttentionMask mask) {
        return Pass.frame(this, () -> {
            check(x, memory, mask);
            int keys = memory.dim(1);
            // attention over the rows of an identity matrix gives the weights themselves, with everything that a mask
            // does to them
            Tensor each = Tensor.arange(keys).oneHot(keys).reshape(1, keys, keys);
            return attend(x, memory, each.expand(memory.dim(0), keys, keys), mask);
        });
    }

    private static void check(Tensor x, Tensor memory, AttentionMask mask) {
        if (x.shape().rank() != 3 || memory.shape().rank() != 3 || x.dim(0) != memory.dim(0)) {
            throw new IllegalArgumentException(
                    "AdditiveAttention" + Where.running() + ": x " + x.shape() + " and memory " + memory.shape()
                            + " must be [batch, queries, width] and [batch, keys, width] of one batch");
        }
        if (mask.bias() != null) {
            throw new IllegalArgumentException("AdditiveAttention" + Where.running() + ": the mask has a bias "
                    + mask.bias().shape()
                    + ", but additive attention computes its own scores and takes no bias; hide keys with "
                    + "the mask's lengths");
        }
    }

    private Tensor attend(Tensor x, Tensor memory, Tensor values, AttentionMask mask) {
        check(x, memory, mask);
        int units = query.weight().shape().dim(0);
        int n = x.dim(0);
        int lq = x.dim(1);
        int lk = memory.dim(1);
        Tensor pairs = query.apply(x)
                .reshape(n, lq, 1, units)
                .add(key.apply(memory).reshape(n, 1, lk, units))
                .tanh();
        Tensor scores = score.apply(pairs).reshape(n, 1, lq, lk);
        int width = values.dim(2);
        return Tensor.zeros(n, lq, width)
                .attention(Tensor.zeros(n, lk, width), values, new Attention(1).mask(mask.withBias(scores)));
    }
}
