package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.EnglishFrench.Pair;
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
import java.util.stream.Stream;

/**
 * Sentences in lower case with all of their translations, split so that no English sentence is in two parts. The vocabularies have the words that the part
 * to learn from has twice or more; every other word is the unknown token.
 *
 * @param learn what networks learn from
 * @param choose what the best epoch is chosen by
 * @param test what is looked at once
 */
record Corpus(Vocabulary english, Vocabulary french, List<Sentence> learn, List<Sentence> choose, List<Sentence> test) {
    /** How texts are cut. */
    static final Words WORDS = new Words().lowerCase();

    private static final int LEAST = 2;

    /** An English sentence and its French translations, as words. */
    record Sentence(List<String> english, List<List<String>> french) {}

    /**
     * Splits pairs by their English sentence.
     *
     * @param held how many English sentences are held out for each of {@code choose} and {@code test}
     * @throws IllegalArgumentException if there are too few sentences
     */
    static Corpus of(List<Pair> pairs, int held, long seed) {
        Map<List<String>, List<List<String>>> known = new LinkedHashMap<>();
        for (Pair pair : pairs) {
            List<String> english = WORDS.tokens(pair.english());
            List<String> words = WORDS.tokens(pair.french());
            if (english.isEmpty() || words.isEmpty()) {
                continue; // signs alone, which no net can read
            }
            List<List<String>> french = known.computeIfAbsent(english, e -> new ArrayList<>());
            if (!french.contains(words)) {
                french.add(words);
            }
        }
        List<Sentence> all = new ArrayList<>();
        known.forEach((english, french) -> all.add(new Sentence(english, french)));
        if (all.size() < 4 * held) {
            throw new IllegalArgumentException("the " + pairs.size() + " pairs have " + all.size()
                    + " different English sentences, of which " + 2 * held
                    + " are held out; give a file with at least " + 4 * held);
        }
        int[] order = new Rng(seed).permutation(all.size());
        List<Sentence> shuffled = Arrays.stream(order).mapToObj(all::get).toList();
        List<Sentence> learn = shuffled.subList(2 * held, shuffled.size());
        return new Corpus(
                vocabulary(learn.stream().map(Sentence::english)),
                vocabulary(learn.stream().map(Sentence::french).flatMap(Collection::stream)),
                learn,
                shuffled.subList(0, held),
                shuffled.subList(held, 2 * held));
    }

    private static Vocabulary vocabulary(Stream<List<String>> sentences) {
        return Vocabulary.of(sentences.toList()).atLeast(LEAST).reserved(Reserved.STANDARD);
    }

    /** Every pair of a part, the English words read from the end where {@code reversed}. */
    Dataset dataset(List<Sentence> part, boolean reversed) {
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

    /** The numbers of the English words. */
    int[] source(Sentence s, boolean reversed) {
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
    static int pairs(List<Sentence> part) {
        return part.stream().mapToInt(s -> s.french.size()).sum();
    }

    /** The number of French words of a part, with a stop symbol behind each translation. */
    static long tokens(List<Sentence> part) {
        return part.stream()
                .flatMap(s -> s.french.stream())
                .mapToLong(words -> words.size() + 1)
                .sum();
    }
}
