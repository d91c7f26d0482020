package dev.fathom.decode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * BLEU of a corpus (Papineni et al. 2002): brevity penalty times the geometric mean of the precisions of n-grams of 1
 * to 4 tokens. A precision is the share of the hypotheses' n-grams that a reference of their sentence has, each counted
 * at most as often as in the reference with the most of it, over the whole corpus. The penalty is exp(1 - r / c) where
 * the hypotheses' c tokens are fewer than the references' r, of which the one counts whose length is closest to the
 * hypothesis, the shorter of two.
 *
 * <p>There is no smoothing: if no n-gram of some length agrees, BLEU is 0. It is a figure for corpora, and rarely says
 * much about one sentence. It depends on how texts are cut into tokens, so compare figures only of one tokenizer.
 *
 * @param score in [0, 1]; papers often write it times 100
 * @param precisions of 1-grams, 2-grams, 3-grams and 4-grams; NaN where the hypotheses have none
 * @param brevityPenalty in [0, 1]
 * @param length c, tokens of all hypotheses
 * @param referenceLength the sum r of the lengths of the closest references
 */
public record Bleu(double score, List<Double> precisions, double brevityPenalty, long length, long referenceLength) {
    private static final int ORDER = 4;

    /**
     * Computes BLEU of hypotheses with one or more references each. Tokens are whatever {@code equals} compares: words,
     * numbers of a vocabulary.
     *
     * @param hypotheses the tokens of each sentence
     * @param references the tokens of each reference of each sentence
     * @throws IllegalArgumentException if there are no sentences, not as many lists of references, or a sentence
     *     without a reference
     */
    public static <T> Bleu of(List<List<T>> hypotheses, List<List<List<T>>> references) {
        if (hypotheses.isEmpty() || hypotheses.size() != references.size()) {
            throw new IllegalArgumentException("bleu: there are " + hypotheses.size() + " sentences and references of "
                    + references.size() + "; give at least one sentence, and references of each");
        }
        long[] found = new long[ORDER];
        long[] all = new long[ORDER];
        long length = 0;
        long referenceLength = 0;
        for (int i = 0; i < hypotheses.size(); i++) {
            List<T> hypothesis = hypotheses.get(i);
            List<List<T>> known = references.get(i);
            if (known.isEmpty()) {
                throw new IllegalArgumentException(
                        "bleu: sentence " + i + " has no reference; give at least one for each");
            }
            length += hypothesis.size();
            referenceLength += closest(hypothesis.size(), known);
            for (int n = 1; n <= ORDER; n++) {
                Map<List<T>, Integer> most = new HashMap<>();
                for (List<T> r : known) {
                    counts(r, n).forEach((gram, count) -> most.merge(gram, count, Math::max));
                }
                for (Map.Entry<List<T>, Integer> e : counts(hypothesis, n).entrySet()) {
                    found[n - 1] += Math.min(e.getValue(), most.getOrDefault(e.getKey(), 0));
                    all[n - 1] += e.getValue();
                }
            }
        }
        List<Double> precisions = new ArrayList<>();
        double logs = 0;
        for (int n = 0; n < ORDER; n++) {
            precisions.add((double) found[n] / all[n]);
            logs += Math.log(precisions.get(n)) / ORDER;
        }
        double penalty =
                length >= referenceLength ? 1 : length == 0 ? 0 : Math.exp(1 - (double) referenceLength / length);
        double score = Double.isNaN(logs) ? 0 : penalty * Math.exp(logs);
        return new Bleu(score, List.copyOf(precisions), penalty, length, referenceLength);
    }

    private static <T> Map<List<T>, Integer> counts(List<T> sentence, int n) {
        Map<List<T>, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= sentence.size(); i++) {
            counts.merge(sentence.subList(i, i + n), 1, Integer::sum);
        }
        return counts;
    }

    private static <T> int closest(int length, List<List<T>> references) {
        int best = references.get(0).size();
        for (List<T> r : references) {
            int far = Math.abs(r.size() - length);
            int before = Math.abs(best - length);
            best = far < before || far == before && r.size() < best ? r.size() : best;
        }
        return best;
    }
}
