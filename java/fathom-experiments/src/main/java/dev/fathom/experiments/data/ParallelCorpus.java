package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Seq2Seq;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Sentences in lower case with all of their translations, split so that no English sentence is in two parts. The
 * vocabularies consist of the words that occur at least twice in the training part; every other word is the unknown
 * token.
 *
 * @param training the sentences that networks are trained on
 * @param validation the sentences that choose the best epoch
 * @param test the sentences that are used once, to compare the translators
 */
public record ParallelCorpus(
        Vocabulary english,
        Vocabulary french,
        List<Sentence> training,
        List<Sentence> validation,
        List<Sentence> test) {
    /** The tokenizer of both languages. */
    public static final Words WORDS = new Words().lowerCase();

    private static final int LEAST = 2;

    /** An English sentence and its French translations, as words. */
    public record Sentence(List<String> english, List<List<String>> french) {
        /** The English words as a text. */
        public String text() {
            return WORDS.text(english);
        }
    }

    /**
     * Splits pairs by their English sentence. A pair is left out if one of its sides has no words, because a network
     * cannot read or be scored on it.
     *
     * @param held the number of English sentences in each of {@code validation} and {@code test}
     * @throws IllegalArgumentException if there are too few sentences
     */
    public static ParallelCorpus of(List<Pair> pairs, int held, long seed) {
        Map<List<String>, List<List<String>>> translations = new LinkedHashMap<>();
        for (Pair pair : pairs) {
            List<String> english = WORDS.tokens(pair.english());
            List<String> words = WORDS.tokens(pair.french());
            if (english.isEmpty() || words.isEmpty()) {
                continue;
            }
            List<List<String>> french = translations.computeIfAbsent(english, e -> new ArrayList<>());
            if (!french.contains(words)) {
                french.add(words);
            }
        }
        List<Sentence> all = new ArrayList<>();
        translations.forEach((english, french) -> all.add(new Sentence(english, french)));
        if (all.size() < 4 * held) {
            throw new IllegalArgumentException("the pairs have " + all.size() + " different English sentences, but "
                    + 2 * held + " are held out for validation and test; give a file with at least " + 4 * held);
        }
        int[] order = new Rng(seed).permutation(all.size());
        List<Sentence> shuffled = Arrays.stream(order).mapToObj(all::get).toList();
        List<Sentence> training = shuffled.subList(2 * held, shuffled.size());
        return new ParallelCorpus(
                vocabulary(training.stream().map(Sentence::english)),
                vocabulary(training.stream().map(Sentence::french).flatMap(Collection::stream)),
                training,
                shuffled.subList(0, held),
                shuffled.subList(held, 2 * held));
    }

    private static Vocabulary vocabulary(Stream<List<String>> sentences) {
        return Vocabulary.of(sentences.toList()).atLeast(LEAST).reserved(Reserved.STANDARD);
    }

    /**
     * Returns a corpus of longer sentences with the same vocabularies. Each of them joins {@code count} sentences of a
     * part that follow one another. Its first translation consists of their first ones, the second one of their second
     * ones, and so on; a sentence with fewer translations begins again with its first. What is left at the end of a
     * part is dropped.
     *
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public ParallelCorpus joined(int count) {
        Checks.atLeast("ParallelCorpus.joined", "count", count, 1);
        return new ParallelCorpus(
                english, french, joined(training, count), joined(validation, count), joined(test, count));
    }

    private static List<Sentence> joined(List<Sentence> part, int count) {
        List<Sentence> all = new ArrayList<>();
        for (int from = 0; from + count <= part.size(); from += count) {
            List<Sentence> some = part.subList(from, from + count);
            int most = some.stream().mapToInt(s -> s.french.size()).max().orElseThrow();
            all.add(new Sentence(
                    joined(some.stream().map(Sentence::english)),
                    IntStream.range(0, most)
                            .mapToObj(i -> joined(some.stream().map(s -> s.french.get(i % s.french.size()))))
                            .toList()));
        }
        return all;
    }

    private static List<String> joined(Stream<List<String>> sentences) {
        return sentences.flatMap(Collection::stream).toList();
    }

    /** Every pair of a part, with the English words in reverse order if {@code reversed}. */
    public Dataset dataset(List<Sentence> part, boolean reversed) {
        List<int[]> sources = new ArrayList<>();
        List<int[]> targets = new ArrayList<>();
        for (Sentence s : part) {
            for (List<String> translation : s.french) {
                sources.add(source(s, reversed));
                targets.add(french.ids(translation));
            }
        }
        return Seq2Seq.dataset(sources.toArray(int[][]::new), targets.toArray(int[][]::new));
    }

    /** The indices of the English words, in reverse order if {@code reversed}. */
    public int[] source(Sentence s, boolean reversed) {
        int[] words = english.ids(s.english);
        if (reversed) {
            for (int i = 0, k = words.length - 1; i < k; i++, k--) {
                int word = words[i];
                words[i] = words[k];
                words[k] = word;
            }
        }
        return words;
    }

    /** The number of pairs of a part. */
    public static int pairs(List<Sentence> part) {
        return part.stream().mapToInt(s -> s.french.size()).sum();
    }

    /** The mean number of French words of a pair of a part, with a stop symbol after each translation. */
    public static double meanLength(List<Sentence> part) {
        long tokens = part.stream()
                .flatMap(s -> s.french.stream())
                .mapToLong(words -> words.size() + 1)
                .sum();
        return (double) tokens / pairs(part);
    }

    /**
     * The perplexity of the French words of the validation part and their stop symbols under a unigram model, which
     * knows only how often each token occurs in the training part.
     */
    public double unigramPerplexity() {
        double[] counts = new double[french.size()];
        training.forEach(s -> s.french.forEach(words -> count(words, counts)));
        double[] found = new double[french.size()];
        validation.forEach(s -> s.french.forEach(words -> count(words, found)));
        double all = Arrays.stream(counts).sum();
        double logs = 0;
        for (int token = 0; token < counts.length; token++) {
            logs += found[token] == 0 ? 0 : found[token] * Math.log(Math.max(1, counts[token]) / all);
        }
        return Math.exp(-logs / Arrays.stream(found).sum());
    }

    private void count(List<String> words, double... counts) {
        for (int token : french.ids(words)) {
            counts[token]++;
        }
        counts[french.reserved().end()]++;
    }
}
