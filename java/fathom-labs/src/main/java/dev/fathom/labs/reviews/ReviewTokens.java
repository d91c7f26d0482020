package dev.fathom.labs.reviews;

import dev.fathom.labs.data.Imdb;
import dev.fathom.labs.experiments.Run;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reviews of films as numbers of words, without marks of punctuation and line breaks.
 *
 * @param vocabulary the most frequent words of the reviews to learn from, after Keras's reserved tokens
 * @param learn the reviews to learn from
 * @param learnLabels 1 where the review is positive, else 0
 */
record ReviewTokens(Vocabulary vocabulary, int[][] learn, int[] learnLabels, int[][] test, int[] testLabels) {
    /** Reads the first {@code count} reviews of both parts, and numbers {@code size} words. */
    static ReviewTokens read(Run run, int count, int size) {
        Path given = run.data();
        Path folder = given != null ? given : Imdb.folder();
        Texts learn = Imdb.read(folder, false);
        Texts test = Imdb.read(folder, true);
        learn = learn.take(0, Math.min(count, learn.size()));
        test = test.take(0, Math.min(count, test.size()));
        List<List<String>> words = new ArrayList<>();
        for (int i = 0; i < learn.size(); i++) {
            words.add(words(learn.text(i)));
        }
        Vocabulary vocabulary = Vocabulary.of(words).limit(size).reserved(Reserved.KERAS);
        return new ReviewTokens(
                vocabulary,
                words.stream().map(vocabulary::ids).toArray(int[][]::new),
                learn.labels(),
                test.ids(text -> vocabulary.ids(words(text))),
                test.labels());
    }

    private static List<String> words(String text) {
        return Words.keras().tokens(text.replace("<br />", " "));
    }

    /** How many words there are to learn from. */
    long tokens() {
        return Arrays.stream(learn).mapToLong(review -> review.length).sum();
    }

    /** How often each token occurs in what is to be learned from. */
    long[] counts() {
        long[] counts = new long[vocabulary.size()];
        for (int[] review : learn) {
            for (int token : review) {
                counts[token]++;
            }
        }
        return counts;
    }

    /** The number of the first token that is a word. */
    int first() {
        return vocabulary.reserved().tokens().size();
    }
}
