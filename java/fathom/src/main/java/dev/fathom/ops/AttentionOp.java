package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * y [n, lq, heads d] = softmax(scale q k^T + bias) v for each head, with q [n, lq, heads d] and k, v [n, lk, kvHeads
 * d], in blocks of keys: no matrix [lq, lk] is ever made. The inputs are q, k and v, or in the place of q one tensor
 * [n, l, (heads + 2 kvHeads) d] that holds all three and no k and v; then optionally the bias, the I32 lengths of keys,
 * lengths of queries and past of each row of the batch. The second result is the logarithm of the sum of the
 * exponentials of each query, for backward.
 *
 * @param relative whether the bias is [heads, 2 p - 1], the number of each distance from 1 - p to p - 1 of a key from
 *     its query
 * @param beside whether the batch is one row in which texts lie side by side, of as many tokens as the lengths say
 * @param scale NaN for 1 / sqrt(d)
 * @param p the probability with which a weight is dropped; seed and counter then say where its random numbers begin
 */
public record AttentionOp(
        int heads,
        int kvHeads,
        boolean causal,
        boolean relative,
        boolean beside,
        float scale,
        float p,
        long seed,
        long counter)
        implements SavingOp {
    public static final int BIAS = 3;
    public static final int LENGTHS = 4;
    public static final int QUERY_LENGTHS = 5;
    public static final int PAST = 6;
    /** Keys of a block, as in attention.c: so many random numbers are drawn at a time. */
    private static final int KEYS = 64;

    @Override
    public boolean readsOutput(int o) {
        return true;
    }

    @Override
    public DType takes(int i) {
        return i >= LENGTHS ? DType.I32 : DType.F32;
    }

    @Override
    public boolean optional(int i) {
        return i > 0;
    }

    /** The numbers that a call with so many queries and keys draws. */
    public static long draws(long queries, long keys) {
        return queries * ((keys + KEYS - 1) / KEYS * KEYS);
    }

    private static boolean packed(Call c) {
        return !c.has(1);
    }

    /** The heads that a token of q has. */
    private long tokenHeads(boolean packed) {
        return packed ? heads + 2L * kvHeads : heads;
    }

    /** Since the heads divide the last dimension of q, an int counts the numbers of all of them. */
    private int width(Call c) {
        return (int) (c.shape(0).dim(2) / tokenHeads(packed(c)));
    }

    private static int keys(Call c) {
        return c.shape(packed(c) ? 0 : 1).dim(1);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape q = c.shape(0);
        if (output == 1) {
            return Shape.of(q.dim(0), heads, q.dim(1));
        }
        if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
            throw c.fail("heads=" + heads + " and kvHeads=" + kvHeads
                    + " disagree: as many heads share each head of keys, so kvHeads must divide heads");
        }
        if (c.has(1) != c.has(2)) {
            throw c.fail("k and v go together; give both, or neither where q holds queries, keys and values");
        }
        long of = tokenHeads(packed(c));
        if (q.rank() != 3 || q.dim(2) % of != 0 || q.dim(2) == 0) {
            throw c.fail("q " + q + " must be [batch, queries, heads * d]"
                    + (packed(c) ? ", with keys and values of 2 * " + kvHeads + " heads behind the queries" : "")
                    + ", but " + of + " heads do not divide it");
        }
        int d = width(c);
        if (!packed(c)) {
            Shape k = c.shape(1);
            if (k.rank() != 3 || k.dim(0) != q.dim(0) || k.dim(2) != kvHeads * d) {
                throw c.fail("q " + q + " and k " + k + " disagree: with " + heads + " heads of " + d
                        + " numbers, k must be [" + q.dim(0) + ", keys, " + kvHeads * d + "] for " + kvHeads
                        + " heads");
            }
            if (!c.shape(2).equals(k)) {
                throw c.fail("k " + k + " and v " + c.shape(2) + " disagree; they must be equal");
            }
        }
        if (beside) {
            checkTexts(c, q);
        }
        for (int i = LENGTHS; i < c.inputs(); i++) {
            if (c.has(i) && !beside && !c.shape(i).equals(Shape.of(q.dim(0)))) {
                throw c.fail(
                        name(i) + " " + c.shape(i) + " must be [" + q.dim(0) + "], a number for each row of q " + q);
            }
        }
        if (c.has(PAST) && !causal) {
            throw c.fail("past tells a causal mask where the queries stand, but there is none; make the mask causal");
        }
        if (c.has(PAST) && q.dim(1) > keys(c)) {
            throw c.fail("q " + q + " has " + q.dim(1) + " queries but there are only " + keys(c)
                    + " keys; with a past, the keys include those of the queries, so give a cache with room for both");
        }
        if (c.has(BIAS)) {
            checkBias(c, q);
        }
        return Shape.of(q.dim(0), q.dim(1), heads * d);
    }

    private void checkTexts(Call c, Shape q) {
        if (!c.has(LENGTHS) || c.shape(LENGTHS).rank() != 1 || q.dim(0) != 1 || keys(c) != q.dim(1)) {
            throw c.fail(
                    "texts side by side need q [1, tokens, heads * d], as many keys, and their lengths [texts], but q"
                            + " is " + q + " with " + keys(c) + " keys"
                            + (c.has(LENGTHS) ? " and lengths " + c.shape(LENGTHS) : " and no lengths"));
        }
        if (c.has(QUERY_LENGTHS) || c.has(PAST)) {
            throw c.fail("texts side by side take no lengths of queries and no past; give each text a row");
        }
    }

    private static String name(int i) {
        return i == LENGTHS ? "lengths" : i == QUERY_LENGTHS ? "queryLengths" : "past";
    }

    private void checkBias(Call c, Shape q) {
        Shape bias = c.shape(BIAS);
        if (relative) {
            if (bias.rank() != 2
                    || bias.dim(0) != heads
                    || bias.dim(1) % 2 == 0
                    || !beside && bias.dim(1) < 2L * keys(c) - 1) { // a kernel compares texts side by side
                throw c.fail("relative bias " + bias + " must be [" + heads + ", 2 p - 1] for the distances of p >= "
                        + keys(c) + " keys, which are those of " + heads + " heads");
            }
            if (q.dim(1) != keys(c)) {
                throw c.fail("a relative bias is for as many queries as keys, but q " + q + " has " + q.dim(1)
                        + " queries and " + keys(c) + " keys; give a bias of [queries, keys]");
            }
            return;
        }
        int[] full = {q.dim(0), heads, q.dim(1), keys(c)};
        boolean fits = bias.rank() >= 1 && bias.rank() <= 4 && bias.dim(-1) == full[3];
        for (int back = 2; fits && back <= bias.rank(); back++) {
            fits = bias.dim(-back) == 1 || bias.dim(-back) == full[4 - back];
        }
        if (!fits) {
            throw c.fail(
                    "bias " + bias + " does not broadcast to the scores [" + full[0] + ", " + full[1] + ", " + full[2]
                            + ", " + full[3]
                            + "] of [batch, heads, queries, keys]; its last dimension must be the keys, and each"
                            + " other one equal or 1");
        }
    }

    /**
     * The step of the bias from one index of a dimension to the next, 0 where it is the same for all; dimensions count
     * from the last.
     */
    private static long step(Call c, int back) {
        if (!c.has(BIAS)) {
            return 0;
        }
        Shape bias = c.shape(BIAS);
        int rank = bias.rank();
        return rank < back || bias.dim(-back) == 1 ? 0 : bias.size(rank - back + 1, rank);
    }

    @Override
    public void forward(Call c) {
        put(c.begin(Kernel.ATTENTION)).run();
    }

    private Call put(Call c) {
        Shape q = c.shape(0);
        int d = width(c);
        long k = packed(c) ? c.in(0) + 4L * heads * d : c.in(1);
        long v = packed(c) ? c.in(0) + 4L * (heads + kvHeads) * d : c.in(2);
        c.at(c.in(0), k, v, middle(c, c.in(BIAS)), c.in(PAST), c.in(LENGTHS), c.in(QUERY_LENGTHS), c.out(0), c.out(1));
        c.put(
                beside ? c.shape(LENGTHS).dim(0) : q.dim(0),
                heads,
                kvHeads,
                q.dim(1),
                keys(c),
                d,
                q.dim(2),
                packed(c) ? q.dim(2) : c.shape(1).dim(2));
        c.put(
                step(c, 4),
                relative ? c.shape(BIAS).dim(1) : step(c, 3),
                relative ? -1 : step(c, 2),
                causal ? 1 : 0,
                beside ? 1 : 0);
        return c.put(Float.isNaN(scale) ? (float) (1 / Math.sqrt(d)) : scale)
                .put(p)
                .put(seed, counter);
    }

    /** Where the distance 0 is in a relative bias. */
    private long middle(Call c, long bias) {
        return bias == 0 || !relative ? bias : bias + 4L * (c.shape(BIAS).dim(1) / 2);
    }

    @Override
    public void backward(Grad g) {
        int d = width(g);
        long dy = g.dout(0);
        long[] to = new long[4];
        long add = g.dins(new int[] {0, 1, 2, BIAS}, to);
        to[3] = middle(g, to[3]);
        if (packed(g) && to[0] != 0) {
            to[1] = to[0] + 4L * heads * d;
            to[2] = to[1] + 4L * kvHeads * d;
            add |= (add & 1) * 6;
        }
        put(g.begin(Kernel.ATTENTION_GRAD)).at(dy).at(to).put(add).run();
    }

    /** Inputs that are left out have no shape here: behind q come k and v, or what has no three dimensions. */
    @Override
    public long multiplyAdds(Shape... in) {
        Shape q = in[0];
        boolean one = in.length < 3 || in[2].rank() != 3;
        long keys = one ? q.dim(1) : in[1].dim(1);
        return 2 * q.size(0, 2) * keys * (one ? q.dim(2) / tokenHeads(true) * heads : q.dim(2));
    }
}
