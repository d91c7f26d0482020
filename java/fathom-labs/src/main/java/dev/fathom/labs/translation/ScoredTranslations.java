package dev.fathom.labs.translation;

import dev.fathom.decode.Bleu;
import dev.fathom.decode.ErrorRate;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.data.ParallelCorpus.Sentence;
import dev.fathom.experiments.statistics.IbmModel1;
import java.util.ArrayList;
import java.util.Collections;
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
    static ScoredTranslations of(List<List<String>> sentences, List<Sentence> truth) {
        List<List<List<String>>> references =
                truth.stream().map(Sentence::french).toList();
        List<String> texts = new ArrayList<>();
        List<String> closest = new ArrayList<>();
        for (int i = 0; i < sentences.size(); i++) {
            String text = ParallelCorpus.WORDS.text(sentences.get(i));
            texts.add(text);
            closest.add(references.get(i).stream()
                    .map(ParallelCorpus.WORDS::text)
                    .min(Comparator.comparingDouble(r -> errorRate(text, r)))
                    .orElseThrow());
        }
        return new ScoredTranslations(
                List.copyOf(sentences),
                100 * Bleu.of(sentences, references).score(),
                100 * (1 - ErrorRate.ofCharacters(texts, closest).value()));
    }

    /** The test sentences of a corpus, with each word replaced by its most probable translation under IBM Model 1. */
    static ScoredTranslations byDictionary(ParallelCorpus corpus) {
        List<List<String>> sources = new ArrayList<>();
        List<List<String>> targets = new ArrayList<>();
        for (Sentence s : corpus.training()) {
            List<String> source = new ArrayList<>(List.of(IbmModel1.NOTHING));
            source.addAll(s.english());
            sources.addAll(Collections.nCopies(s.french().size(), source));
            targets.addAll(s.french());
        }
        IbmModel1 model = IbmModel1.fit(sources, targets, 10);
        List<Sentence> test = corpus.test();
        return of(test.stream().map(s -> model.translation(s.english())).toList(), test);
    }

    /** The text of a translation. */
    String text(int i) {
        return ParallelCorpus.WORDS.text(sentences.get(i));
    }

    private static double errorRate(String text, String reference) {
        return ErrorRate.ofCharacters(List.of(text), List.of(reference)).value();
    }
}
