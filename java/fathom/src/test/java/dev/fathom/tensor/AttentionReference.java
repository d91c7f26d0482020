package dev.fathom.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Attention in double precision, by the formula: the whole row of weights of each query, of the keys that a predicate
 * lets it see.
 */
public final class AttentionReference {
    private AttentionReference() {}

    /** Whether query {@code i} of row {@code b} sees key {@code j}. */
    public interface Sees {
        /** Tells it. */
        boolean key(int b, int i, int j);
    }

    /**
     * Of q [n, lq, heads d] and k, v [n, lk, kvHeads d], with a bias [heads, lq, lk] or null; a query that sees nothing
     * gives zeros.
     */
    public static Doubles of(
            Doubles q, Doubles k, Doubles v, int heads, int kvHeads, @Nullable Doubles bias, Sees sees) {
        int n = q.dim(0);
        int lq = q.dim(1);
        int lk = k.dim(1);
        int d = q.dim(2) / heads;
        double[] y = new double[q.v().length];
        for (int b = 0; b < n; b++) {
            for (int h = 0; h < heads; h++) {
                int shared = h * kvHeads / heads;
                for (int i = 0; i < lq; i++) {
                    int at = ((b * lq + i) * heads + h) * d;
                    double total = 0;
                    double[] w = new double[lk];
                    for (int j = 0; j < lk; j++) {
                        double score = bias == null ? 0 : bias.v()[(h * lq + i) * lk + j];
                        for (int c = 0; c < d; c++) {
                            score += q.v()[at + c] * k.v()[((b * lk + j) * kvHeads + shared) * d + c] / Math.sqrt(d);
                        }
                        w[j] = sees.key(b, i, j) ? Math.exp(score) : 0;
                        total += w[j];
                    }
                    for (int j = 0; total > 0 && j < lk; j++) {
                        for (int c = 0; c < d; c++) {
                            y[at + c] += w[j] / total * v.v()[((b * lk + j) * kvHeads + shared) * d + c];
                        }
                    }
                }
            }
        }
        return new Doubles(y, q.dims());
    }

    /** Numbers {@code from} to {@code to} of the last dimension of x. */
    public static Doubles part(Doubles x, int from, int to) {
        int[] dims = x.dims().clone();
        dims[dims.length - 1] = to - from;
        return Doubles.each(dims, index -> {
            int[] of = index.clone();
            of[of.length - 1] += from;
            return x.at(of);
        });
    }
}
