package dev.fathom.experiments.data;

import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reviews of films as indices of words, without punctuation and line breaks.
 *
 * @param vocabulary the most frequent words of the training reviews, after Keras's reserved tokens
 * @param training the training reviews
 * @param trainingLabels 1 for a positive review
 */
public record ReviewTokens(
        Vocabulary vocabulary, int[][] training, int[] trainingLabels, int[][] test, int[] testLabels) {
    /**
     * Reads the first {@code count} reviews of both parts, and takes the {@code size} most frequent words.
     *
     * @param given their folder, or null for {@link Imdb#folder()}
     * @param dimensions of the vectors that the words are to have
     * @throws IllegalArgumentException if the reviews are missing, damaged or too few, or have no more words than
     *     dimensions
     */
    public static ReviewTokens read(@Nullable Path given, int count, int size, int dimensions) {
        Path folder = Imdb.folder(given);
        Texts training = Reviews.first(Imdb.read(folder, false), count, folder);
        Texts test = Reviews.first(Imdb.read(folder, true), count, folder);
        List<List<String>> words = new ArrayList<>();
        for (int i = 0; i < training.size(); i++) {
            words.add(words(training.text(i)));
        }
        Vocabulary vocabulary = Vocabulary.of(words).limit(size).reserved(Reserved.KERAS);
        int different = vocabulary.size() - Reserved.KERAS.tokens().size();
        if (different <= dimensions) {
            throw new IllegalArgumentException("the reviews of IMDB in " + folder + " have " + different
                    + " different words, but vectors of " + dimensions + " numbers need more than " + dimensions
                    + "; give the folder of the whole set");
        }
        return new ReviewTokens(
                vocabulary,
                words.stream().map(vocabulary::ids).toArray(int[][]::new),
                training.labels(),
                test.ids(text -> vocabulary.ids(words(text))),
                test.labels());
    }

    private static List<String> words(String text) {
        return Words.keras().tokens(text.replace("<br />", " "));
    }

    /** The number of words of the training reviews. */
    public long tokens() {
        return Arrays.stream(training).mapToLong(review -> review.length).sum();
    }

    /** How often each token occurs in the training reviews. */
    public long[] counts() {
        long[] counts = new long[vocabulary.size()];
        for (int[] review : training) {
            for (int token : review) {
                counts[token]++;
            }
        }
        return counts;
    }

    /** The first token that is a word. */
    public int first() {
        return vocabulary.reserved().tokens().size();
    }
}
