package dev.fathom.tensor;

import org.jspecify.annotations.Nullable;

/**
 * What the queries of an attention see. Query i of row b sees key j if j &lt; lengths[b], and if the mask is causal
 * also only if j &lt;= past[b] + i. A query that sees no key gives zeros, and its gradients are zeros; so do queries
 * from queryLengths[b] on, which cost no arithmetic, as keys beyond the length cost none. What is null limits nothing.
 *
 * @param causal whether a query sees no keys behind its own place
 * @param bias numbers [batch or 1, heads or 1, queries or 1, keys] that are added to the scores, or the last dimensions
 *     of such a shape; -Infinity hides a key. A gradient flows to it
 * @param lengths I32 [batch], the number of keys of each row that are no padding
 * @param queryLengths I32 [batch], the number of queries of each row that are not padding
 * @param past I32 [batch], the number of keys before the first query of each row, for a causal mask; by default keys -
 *     queries, so that the last query sees the last key
 * @param relative whether the bias is one of distances, [heads, 2 p - 1]: number p - 1 + j - i is added to the score of
 *     query i and key j (Shaw et al. 2018)
 * @param places I32 [tokens], the place of each token in its own text, where the batch is one row in which texts of
 *     these lengths lie side by side; null where each text has a row
 */
public record AttentionMask(
        boolean causal,
        @Nullable Tensor bias,
        @Nullable Tensor lengths,
        @Nullable Tensor queryLengths,
        @Nullable Tensor past,
        boolean relative,
        @Nullable Tensor places) {
    /** Every query sees every key. */
    public static final AttentionMask NONE = new AttentionMask(false, null, null, null, null, false, null);
    /** Each query sees the key at its own position and the keys before it. */
    public static final AttentionMask CAUSAL = new AttentionMask(true, null, null, null, null, false, null);

    /**
     * Returns a mask by which every query sees the keys that are no padding, I32 [batch] of each row, or all of them if
     * {@code lengths} is null.
     */
    public static AttentionMask ofLengths(@Nullable Tensor lengths) {
        return lengths == null ? NONE : NONE.withLengths(lengths);
    }

    /**
     * Returns a mask for texts that lie side by side in one row [1, tokens, width], so that no padding is computed: a
     * token sees the tokens of its own text. A bias [.., tokens, tokens] is read only where row and column are tokens
     * of one text. Behind the last text the results are zeros.
     *
     * @param lengths I32 [texts], the number of tokens of each; their sum is at most the tokens of the row
     * @param places I32 [tokens], the place of each token in its own text, for rotary positions
     */
    public static AttentionMask sideBySide(Tensor lengths, Tensor places) {
        return new AttentionMask(false, null, lengths, null, null, false, places);
    }

    /** Returns this mask with numbers that are added to the scores. */
    public AttentionMask withBias(Tensor newBias) {
        return new AttentionMask(causal, newBias, lengths, queryLengths, past, false, places);
    }

    /**
     * Returns this mask with a number for each distance of a key from its query, [heads, 2 p - 1], which is added to
     * the scores: number p - 1 + j - i for query i and key j. There are at most p keys, and as many queries.
     */
    public AttentionMask withRelativeBias(Tensor newBias) {
        return new AttentionMask(causal, newBias, lengths, queryLengths, past, true, places);
    }

    /** Returns this mask with the number of keys of each row that are not padding, I32 [batch]. */
    public AttentionMask withLengths(Tensor newLengths) {
        return new AttentionMask(causal, bias, newLengths, queryLengths, past, relative, places);
    }

    /** Returns this mask for rows with so many queries that are no padding. */
    public AttentionMask withQueryLengths(Tensor newLengths) {
        return new AttentionMask(causal, bias, lengths, newLengths, past, relative, places);
    }

    /** Returns this mask as a causal one, for queries of which the first follows newPast[b] keys in row b. */
    public AttentionMask withPast(Tensor newPast) {
        return new AttentionMask(true, bias, lengths, queryLengths, newPast, relative, places);
    }
}
