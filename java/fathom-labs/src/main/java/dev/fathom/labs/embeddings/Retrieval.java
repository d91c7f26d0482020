package dev.fathom.labs.embeddings;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * A search for the partner of each of some texts among all texts of the other kind, by the cosine of their vectors.
 *
 * @param ranks how many of the others are at least as near to a text as its partner is, for each text
 * @param nearest the number of the nearest text
 */
record Retrieval(int[] ranks, int[] nearest) {
    private static final int CHUNK = 500;

    /** Searches for row i of {@code found} by row i of {@code asked}; all rows have the length 1. */
    static Retrieval of(float[][] asked, float[][] found) {
        int n = asked.length;
        int[] ranks = new int[n];
        int[] nearest = new int[n];
        for (int from = 0; from < n; from += CHUNK) {
            int rows = Math.min(CHUNK, n - from);
            try (Pass pass = Pass.infer()) {
                float[] cosines = Tensor.of(flat(asked, from, rows), rows, asked[0].length)
                        .matmulTransposed(Tensor.of(flat(found, 0, n), n, asked[0].length))
                        .toArray();
                for (int i = 0; i < rows; i++) {
                    int own = from + i;
                    float cosine = cosines[i * n + own];
                    int best = 0;
                    for (int j = 0; j < n; j++) {
                        ranks[own] += j != own && cosines[i * n + j] >= cosine ? 1 : 0;
                        best = cosines[i * n + j] > cosines[i * n + best] ? j : best;
                    }
                    nearest[own] = best;
                }
            }
        }
        return new Retrieval(ranks, nearest);
    }

    private static float[] flat(float[][] rows, int from, int count) {
        float[] flat = new float[count * rows[0].length];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows[from + i], 0, flat, i * rows[0].length, rows[0].length);
        }
        return flat;
    }

    /** The share of texts whose partner is among the {@code k} nearest, in percent. */
    double recall(int k) {
        return 100.0 * Arrays.stream(ranks).filter(rank -> rank < k).count() / ranks.length;
    }
}
