package dev.fathom.labs.embeddings;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.tensor.Rng;
import dev.fathom.text.BytePairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Sentences in small letters with their translations. Sentences that have a translation in common are in one group, so
 * that no sentence of either language is in two parts. Of a group that is held out one pair is kept, so that each of
 * its sentences has one translation among those of its part.
 *
 * @param tokens the tokens of both languages, learned from the training pairs
 * @param training the pairs to learn from
 * @param choose one pair of each group by which a training is watched
 * @param test one pair of each group that is searched once, at the end
 */
record SentencePairs(BytePairs tokens, List<Pair> training, List<Pair> choose, List<Pair> test) {
    /**
     * Splits pairs.
     *
     * @param choose groups for {@link #choose}
     * @param test groups for {@link #test}
     * @param vocabulary tokens at most
     * @throws IllegalArgumentException if there are fewer than twice as many groups as are held out
     */
    static SentencePairs of(List<Pair> all, int choose, int test, int vocabulary, long seed) {
        List<List<Pair>> groups = groups(all);
        if (groups.size() < 2 * (choose + test)) {
            throw new IllegalArgumentException("the pairs have " + groups.size() + " groups of sentences, but "
                    + (choose + test) + " are held out; give a file with at least " + 2 * (choose + test));
        }
        int[] order = new Rng(seed).permutation(groups.size());
        List<List<Pair>> shuffled = Arrays.stream(order).mapToObj(groups::get).toList();
        List<Pair> training = shuffled.subList(choose + test, shuffled.size()).stream()
                .flatMap(List::stream)
                .toList();
        BytePairs tokens = BytePairs.train(
                () -> training.stream()
                        .flatMap(p -> Stream.of(read(p.english()), read(p.french())))
                        .iterator(),
                vocabulary);
        List<Pair> first = shuffled.stream().map(group -> group.get(0)).toList();
        return new SentencePairs(tokens, training, first.subList(0, choose), first.subList(choose, choose + test));
    }

    /** Different pairs by the groups of their sentences, in the order of the first pair of each. */
    static List<List<Pair>> groups(List<Pair> all) {
        List<Pair> pairs = all.stream()
                .map(p -> new Pair(small(p.english()), small(p.french())))
                .distinct()
                .toList();
        int[] group =
                IntStream.range(0, pairs.size()).toArray(); // a pair of the same group that comes before, or itself
        Map<String, Integer> english = new HashMap<>();
        Map<String, Integer> french = new HashMap<>();
        for (int i = 0; i < group.length; i++) {
            for (int other : new int[] {
                english.getOrDefault(pairs.get(i).english(), i),
                french.getOrDefault(pairs.get(i).french(), i)
            }) {
                int a = first(group, i);
                int b = first(group, other);
                group[Math.max(a, b)] = Math.min(a, b);
            }
            english.putIfAbsent(pairs.get(i).english(), i);
            french.putIfAbsent(pairs.get(i).french(), i);
        }
        Map<Integer, List<Pair>> groups = new LinkedHashMap<>();
        for (int i = 0; i < group.length; i++) {
            groups.computeIfAbsent(first(group, i), g -> new ArrayList<>()).add(pairs.get(i));
        }
        return List.copyOf(groups.values());
    }

    private static int first(int[] group, int i) {
        int at = i;
        while (group[at] != at) {
            group[at] = group[group[at]];
            at = group[at];
        }
        return at;
    }

    private static String small(String sentence) {
        return ParallelCorpus.WORDS.text(ParallelCorpus.WORDS.tokens(sentence));
    }

    /** A sentence as it is cut into tokens: its first word has a blank before it, like all others. */
    private static String read(String sentence) {
        return " " + sentence;
    }

    /** The English sentences of pairs as the ragged field {@code x}, and the French ones as {@code y}. */
    Dataset dataset(List<Pair> pairs) {
        return Dataset.of(
                Field.ragged("x", ids(pairs.stream().map(Pair::english))).input(),
                Field.ragged("y", ids(pairs.stream().map(Pair::french))).target());
    }

    /** The test pairs as {@link #dataset}, with the French tokens before the last one in another order. */
    Dataset mixed(Rng rng) {
        int[][] english = ids(test.stream().map(Pair::english));
        int[][] french = ids(test.stream().map(Pair::french));
        for (int i = 0; i < french.length; i++) {
            int[] order = rng.permutation(Math.max(1, french[i].length - 1));
            int[] before = french[i].clone();
            for (int t = 0; t < before.length - 1; t++) {
                french[i][t] = before[order[t]];
            }
        }
        return Dataset.of(
                Field.ragged("x", english).input(), Field.ragged("y", french).target());
    }

    private int[][] ids(Stream<String> sentences) {
        return sentences.map(this::ids).toArray(int[][]::new);
    }

    /** The tokens of a sentence. */
    int[] ids(String sentence) {
        return tokens.encode(read(sentence));
    }
}
