package dev.fathom.experiments.statistics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The probability of the next token by counts of n-grams (Witten and Bell 1991, method C, interpolated). Let c(h t) be
 * the number of times that the token t follows the context h, c(h) the number of times that any token follows h, and
 * T(h) the number of distinct tokens that do. Then
 *
 * <pre>P(t | h) = (c(h t) + T(h) P(t | h')) / (c(h) + T(h))</pre>
 *
 * where h' is h without its first token. For the empty context, P(t | h') is 1 / vocabulary; for a context without a
 * count, P(t | h) is P(t | h').
 */
public final class NgramModel {
    private final int order;
    private final int vocabulary;
    private final List<Map<Long, Counts>> contexts = new ArrayList<>();

    private static final class Counts {
        final int[] tokens;
        int total;
        int distinct;

        Counts(int vocabulary) {
            tokens = new int[vocabulary];
        }

        void add(int token) {
            total++;
            distinct += tokens[token]++ == 0 ? 1 : 0;
        }
    }

    /**
     * Counts. The first token of each sequence is only context.
     *
     * @param order the length n of the n-grams
     * @param vocabulary the number of distinct tokens
     * @throws IllegalArgumentException if the order or the vocabulary is below 1, or there are too many contexts to
     *     number them
     */
    public NgramModel(int order, int vocabulary, int[]... sequences) {
        if (order < 1 || vocabulary < 1 || (order - 1) * Math.log(vocabulary) > 62 * Math.log(2)) {
            throw new IllegalArgumentException("n-grams: order " + order + " and a vocabulary of " + vocabulary
                    + " must both be at least 1, and vocabulary^(order - 1) below 2^62");
        }
        this.order = order;
        this.vocabulary = vocabulary;
        for (int k = 0; k < order; k++) {
            contexts.add(new HashMap<>());
        }
        for (int[] sequence : sequences) {
            for (int i = 1; i < sequence.length; i++) {
                long context = 0;
                long place = 1;
                for (int k = 0; k < order && k <= i; k++) {
                    contexts.get(k)
                            .computeIfAbsent(context, c -> new Counts(vocabulary))
                            .add(sequence[i]);
                    if (k < i) {
                        context += sequence[i - 1 - k] * place;
                        place *= vocabulary;
                    }
                }
            }
        }
    }

    /** The probability of each token after the first {@code length} tokens of a sequence. */
    public double[] next(int[] sequence, int length) {
        double[] p = new double[vocabulary];
        Arrays.fill(p, 1.0 / vocabulary);
        long context = 0;
        long place = 1;
        for (int k = 0; k < order && k <= length; k++) {
            Counts counts = contexts.get(k).get(context);
            if (counts == null) {
                break;
            }
            for (int t = 0; t < vocabulary; t++) {
                p[t] = (counts.tokens[t] + counts.distinct * p[t]) / (counts.total + counts.distinct);
            }
            if (k < length) {
                context += sequence[length - 1 - k] * place;
                place *= vocabulary;
            }
        }
        return p;
    }

    /**
     * The mean of -log P over all tokens of these sequences except their first, in nats.
     *
     * @throws IllegalArgumentException if no sequence has a second token
     */
    public double logLoss(int[]... sequences) {
        double sum = 0;
        long tokens = 0;
        for (int[] sequence : sequences) {
            for (int i = 1; i < sequence.length; i++, tokens++) {
                sum -= Math.log(next(sequence, i)[sequence[i]]);
            }
        }
        if (tokens == 0) {
            throw new IllegalArgumentException("n-grams: none of the " + sequences.length
                    + " sequences has a second token to predict; give one of two tokens or more");
        }
        return sum / tokens;
    }
}
