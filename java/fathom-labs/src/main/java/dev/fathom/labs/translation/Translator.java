package dev.fathom.labs.translation;

import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.decode.LengthPenalty;
import dev.fathom.decode.Seq2Seq;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.data.ParallelCorpus.Sentence;
import dev.fathom.experiments.pages.Table;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A trained network that translates by beam search.
 *
 * @param reversed whether it reads sentences from their end
 */
record Translator(Lab lab, ParallelCorpus corpus, Seq2Seq net, boolean reversed) {
    /** The widths of beams, the widest last. */
    private static final int[] BEAMS = {1, 2, 12};

    private static final int CHUNK = 100;
    private static final int LONGER = 6;

    /**
     * The words of the sentence that a person gave; empty if there is none.
     *
     * @throws IllegalArgumentException if it has no words, or one that the networks do not know
     */
    static List<String> prompt(@Nullable String text, ParallelCorpus corpus) {
        List<String> words = text == null ? List.of() : ParallelCorpus.WORDS.tokens(text);
        if (text != null && words.isEmpty()) {
            throw new IllegalArgumentException("the prompt has no words; give an English sentence to translate");
        }
        for (String word : words) {
            if (!corpus.english().contains(word)) {
                throw new IllegalArgumentException("the word \"" + word + "\" in the prompt is not among the "
                        + corpus.english().size() + " English words that the networks know; use other words");
            }
        }
        return words;
    }

    /** Scores the test sentences by beams of all widths in a row; what the widest gives is returned. */
    ScoredTranslations score(Table.Row row, ScoredTranslations dictionary) {
        List<Sentence> test = corpus.test();
        ScoredTranslations scored = dictionary;
        List<List<Hypothesis>> beams = List.of();
        for (int width : BEAMS) {
            lab.say("translating %d sentences with a beam of %d", test.size(), width);
            beams = search(test, width);
            scored = scored(beams.stream().map(beam -> beam.get(0)).toList());
            String column = width == 12 ? "BLEU of the widest beam" : "BLEU of a beam of " + width;
            row.put(column, "%.2f", scored.bleu()).baseline(dictionary.bleu(), "dictionary");
        }
        Comparator<Hypothesis> probability = Comparator.comparingDouble(Hypothesis::logProbability);
        List<Hypothesis> unpenalized =
                beams.stream().map(beam -> Collections.max(beam, probability)).toList();
        double bleu = scored(unpenalized).bleu();
        row.put("BLEU without length penalty", "%.2f", bleu)
                .put("character accuracy", "%.1f %%", scored.characterAccuracy())
                .baseline(dictionary.characterAccuracy(), "dictionary");
        return scored;
    }

    private ScoredTranslations scored(List<Hypothesis> found) {
        return ScoredTranslations.of(found.stream().map(this::words).toList(), corpus.test());
    }

    private List<String> words(Hypothesis found) {
        return corpus.french().tokens(found.toArray());
    }

    /** The translation of the words of a sentence. */
    String translation(List<String> words) {
        List<Sentence> one = List.of(new Sentence(words, List.of()));
        return ParallelCorpus.WORDS.text(words(search(one, 12).get(0).get(0)));
    }

    /**
     * The beam of each sentence, ranked by the mean log-probability of a token. Sentences of similar length are
     * translated together.
     */
    private List<List<Hypothesis>> search(List<Sentence> sentences, int width) {
        List<Integer> order = IntStream.range(0, sentences.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> sentences.get(i).english().size()))
                .toList();
        int longest = sentences.get(order.get(order.size() - 1)).english().size();
        int stop = corpus.french().reserved().end();
        BeamSearch beam = new BeamSearch(width, stop, 2 * longest + LONGER, LengthPenalty.power(1));
        List<List<Hypothesis>> found = new ArrayList<>(Collections.nCopies(order.size(), List.of()));
        for (int from = 0; from < order.size(); from += CHUNK) {
            lab.check();
            List<Integer> chunk = order.subList(from, Math.min(order.size(), from + CHUNK));
            int[][] sources = chunk.stream()
                    .map(i -> corpus.source(sentences.get(i), reversed))
                    .toArray(int[][]::new);
            List<List<Hypothesis>> beams = net.search(beam, sources);
            IntStream.range(0, beams.size()).forEach(k -> found.set(chunk.get(k), beams.get(k)));
        }
        return found;
    }
}
