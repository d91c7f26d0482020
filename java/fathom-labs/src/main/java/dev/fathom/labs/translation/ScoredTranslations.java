package dev.fathom.labs.translation;

import dev.fathom.decode.Bleu;
import dev.fathom.decode.ErrorRate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Translations of sentences, and how good they are beside all references that there are.
 *
 * @param bleu of the words in lower case, punctuation marks among them, times 100
 * @param characters 1 less the character error rate to the closest reference of each sentence, in percent; what is inserted may make it negative
 */
record ScoredTranslations(List<List<String>> said, double bleu, double characters) {
    /** Looks how good these are. */
    static ScoredTranslations of(List<List<String>> said, List<Corpus.Sentence> sentences) {
        List<List<List<String>>> references =
                sentences.stream().map(Corpus.Sentence::french).toList();
        List<String> texts = new ArrayList<>();
        List<String> closest = new ArrayList<>();
        for (int i = 0; i < said.size(); i++) {
            String text = Corpus.WORDS.text(said.get(i));
            texts.add(text);
            closest.add(references.get(i).stream()
                    .map(Corpus.WORDS::text)
                    .min(Comparator.comparingDouble(r -> errors(text, r)))
                    .orElseThrow());
        }
        return new ScoredTranslations(
                List.copyOf(said),
                100 * Bleu.of(said, references).score(),
                100 * (1 - ErrorRate.ofCharacters(texts, closest).value()));
    }

    private static double errors(String text, String reference) {
        return ErrorRate.ofCharacters(List.of(text), List.of(reference)).value();
    }
}
