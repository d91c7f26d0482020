package dev.fathom.experiments.statistics;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The first of IBM's translation models (Brown et al. 1993): every word of a target sentence comes from one word of its
 * source sentence, each as likely as any other, so that P(target | source) is proportional to the product over the
 * target's words f of the sum over the source's words e of t(f | e). The probabilities t are fitted by expectation and
 * maximization, from equal ones.
 *
 * <p>Target words that translate no word of the source come from {@link #NOTHING}, which is put in front of every
 * source sentence.
 */
public final class IbmModel1 {
    /** The source of target words that translate no word. */
    public static final String NOTHING = "";

    private final Map<String, Map<String, Double>> t;

    private IbmModel1(Map<String, Map<String, Double>> t) {
        this.t = t;
    }

    /**
     * Fits the probabilities to pairs of sentences.
     *
     * @param sources the words of each source sentence, with {@link #NOTHING} in front if some target words may
     *     translate no word
     * @param targets the words of each target sentence
     */
    public static IbmModel1 fit(List<List<String>> sources, List<List<String>> targets, int iterations) {
        Map<String, Map<String, Double>> t = new HashMap<>();
        for (int i = 0; i < iterations; i++) {
            t = step(sources, targets, t);
        }
        return new IbmModel1(t);
    }

    /** One step of expectation and maximization; an empty {@code t} stands for equal probabilities. */
    private static Map<String, Map<String, Double>> step(
            List<List<String>> sources, List<List<String>> targets, Map<String, Map<String, Double>> t) {
        Map<String, Map<String, Double>> counts = new HashMap<>();
        for (int s = 0; s < sources.size(); s++) {
            for (String f : targets.get(s)) {
                double sum = 0;
                for (String e : sources.get(s)) {
                    sum += probability(t, f, e);
                }
                for (String e : sources.get(s)) {
                    counts.computeIfAbsent(e, any -> new HashMap<>()).merge(f, probability(t, f, e) / sum, Double::sum);
                }
            }
        }
        counts.values().forEach(row -> {
            double all = row.values().stream().mapToDouble(c -> c).sum();
            row.replaceAll((f, count) -> count / all);
        });
        return counts;
    }

    private static double probability(Map<String, Map<String, Double>> t, String f, String e) {
        return t.isEmpty() ? 1 : t.getOrDefault(e, Map.of()).getOrDefault(f, 0.0);
    }

    /** t(target | source), 0 for words that never occur in one pair. */
    public double probability(String target, String source) {
        return probability(t, target, source);
    }

    /**
     * The most probable translation of a word, the alphabetically first of equals; the word itself if it is unknown.
     */
    public String translation(String source) {
        return t.getOrDefault(source, Map.of()).entrySet().stream()
                .min(Map.Entry.<String, Double>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .orElse(source);
    }

    /** The most probable translation of each word of a sentence, in its order. */
    public List<String> translation(List<String> sentence) {
        return sentence.stream().map(this::translation).toList();
    }
}
