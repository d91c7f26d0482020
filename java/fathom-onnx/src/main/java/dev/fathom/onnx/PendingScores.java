package dev.fathom.onnx;

import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Products of queries with keys, [batch, heads, queries, keys] or without heads, which may be scaled, moved by a bias
 * and made shares by a softmax: where values follow, one kernel of attention computes all of it, and no scores are
 * kept.
 */
final class PendingScores implements Deferred {
    private final Held queries;
    /** The second factor of the product, in which the last two dimensions of the keys are exchanged. */
    private final Held keys;

    private final double scale;
    private final @Nullable Held bias;
    private final boolean shares;
    private @Nullable Held made;

    private PendingScores(Held queries, Held keys, double scale, @Nullable Held bias, boolean shares) {
        this.queries = queries;
        this.keys = keys;
        this.scale = scale;
        this.bias = bias;
        this.shares = shares;
    }

    /** Returns the scores of a product that may be one of queries and keys, or null if it cannot be one. */
    static @Nullable PendingScores of(Held a, Held b, double scale) {
        int rank = a.rank();
        boolean may = (rank == 3 || rank == 4)
                && b.rank() == rank
                && a.type() == ElementType.FLOAT
                && b.type() == ElementType.FLOAT
                && Arrays.equals(a.dims(), 0, rank - 2, b.dims(), 0, rank - 2)
                && a.dims()[rank - 1] == b.dims()[rank - 2];
        return may ? new PendingScores(a, b, scale, null, false) : null;
    }

    /** Returns these scores times a number, or null if something was added to them before. */
    @Nullable
    PendingScores times(double factor) {
        return bias == null && !shares ? new PendingScores(queries, keys, scale * factor, null, false) : null;
    }

    /** Returns these scores with a bias added, or null if they are shares already or the bias does not fit. */
    @Nullable
    PendingScores plus(Held added) {
        int rank = rank();
        if (shares || added.rank() > rank || added.type() != ElementType.FLOAT) {
            return null;
        }
        Held more = added.raised(rank);
        int[] own = dims();
        int[] dims = more.dims();
        if (IntStream.range(0, rank).anyMatch(d -> dims[d] != own[d] && dims[d] != 1)) {
            return null;
        }
        return new PendingScores(
                queries, keys, scale, bias == null ? more : Step.together(bias, more, Tensor::add), false);
    }

    /** Returns the softmax over the keys, or null if these are shares already or the axis is another one. */
    @Nullable
    PendingScores softmax(int axis) {
        return shares || axis != rank() - 1 ? null : new PendingScores(queries, keys, scale, bias, true);
    }

    int rank() {
        return queries.rank();
    }

    private int[] dims() {
        int[] dims = queries.dims();
        dims[rank() - 1] = keys.dims()[rank() - 1];
        return dims;
    }

    boolean isShares() {
        return shares;
    }

    /** Returns the sums of the values weighted by these shares, or null if the kernel does not compute this form. */
    @Nullable
    Held of(Held values) {
        int rank = rank();
        int length = dims()[rank - 1];
        int[] q = queries.dims();
        int[] v = values.dims();
        boolean fits = shares
                && values.rank() == rank
                && values.type() == ElementType.FLOAT
                && Arrays.equals(q, 0, rank - 2, v, 0, rank - 2)
                && v[rank - 2] == length
                && v[rank - 1] == q[rank - 1];
        if (!fits) {
            return null;
        }
        boolean heads = rank == 4;
        Attention how = new Attention(heads ? q[1] : 1).scale((float) scale);
        if (bias != null) {
            Tensor b = bias.channelsFirst();
            int[] dims = b.shape().toArray();
            dims[rank - 1] = length;
            b = b.dim(-1) == length ? b : b.expand(dims);
            how = how.mask(AttentionMask.NONE.withBias(heads ? b : b.unsqueeze(1)));
        }
        if (!heads) {
            return Held.of(
                    queries.channelsFirst().attention(keys.arranged(0, 2, 1), values.channelsFirst(), how),
                    ElementType.FLOAT);
        }
        Tensor y = joined(queries.arranged(0, 2, 1, 3))
                .attention(joined(keys.arranged(0, 3, 1, 2)), joined(values.arranged(0, 2, 1, 3)), how);
        return Held.of(y.reshape(q[0], q[2], q[1], q[3]), ElementType.FLOAT).transposed(0, 2, 1, 3);
    }

    /** Joins the heads of a tensor [batch, length, heads, d] into one dimension. */
    private static Tensor joined(Tensor x) {
        return x.reshape(x.dim(0), x.dim(1), x.dim(2) * x.dim(3));
    }

    @Override
    public Held held() {
        Held y = made;
        if (y == null) {
            y = Products.matmul(queries, keys, (float) scale);
            y = bias == null ? y : Step.together(y, bias, Tensor::add);
            y = shares ? y.with(y.tensor().softmax(y.axis(y.rank() - 1))) : y;
            made = y;
        }
        return y;
    }

    /** Tells which shares are NaN because their query sees no key. The kernel gives such a query zeros. */
    record Unseen(PendingScores of) implements Deferred {
        @Override
        public Held held() {
            return of.held().with(of.held().tensor().isNan(), ElementType.BOOL);
        }
    }
}
