package dev.fathom.labs.translation;

import dev.fathom.decode.Bleu;
import dev.fathom.decode.ErrorRate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Translations of sentences, scored against all of their references.
 *
 * @param sentences the words of each translation
 * @param bleu of the words in lower case and the punctuation marks, times 100
 * @param characterAccuracy 1 minus the character error rate to the closest reference of each sentence, in percent;
 *     insertions may make it negative
 */
record ScoredTranslations(List<List<String>> sentences, double bleu, double characterAccuracy) {
    /** Scores one translation for each of {@code truth}. */
    static ScoredTranslations of(List<List<String>> sentences, List<Corpus.Sentence> truth) {
        List<List<List<String>>> references =
                truth.stream().map(Corpus.Sentence::french).toList();
        List<String> texts = new ArrayList<>();
        List<String> closest = new ArrayList<>();
        for (int i = 0; i < sentences.size(); i++) {
            String text = Corpus.WORDS.text(sentences.get(i));
            texts.add(text);
            closest.add(references.get(i).stream()
                    .map(Corpus.WORDS::text)
                    .min(Comparator.comparingDouble(r -> errorRate(text, r)))
                    .orElseThrow());
        }
        return new ScoredTranslations(
                List.copyOf(sentences),
                100 * Bleu.of(sentences, references).score(),
                100 * (1 - ErrorRate.ofCharacters(texts, closest).value()));
    }

    /** The text of a translation. */
    String text(int i) {
        return Corpus.WORDS.text(sentences.get(i));
    }

    private static double errorRate(String text, String reference) {
        return ErrorRate.ofCharacters(List.of(text), List.of(reference)).value();
    }
}
