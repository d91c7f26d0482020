package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The reviews of IMDB as Keras's codes of the 10,000 most frequent words, in the parts of the textbook: training, 2,000
 * reviews for validation, and test.
 *
 * @param vocabulary the words of the codes: padding, start, unknown and unused, then 9,999 words, which makes the
 *     textbook's 10,003 columns
 * @param whole the reviews for training and validation, in the order of their file
 */
public record Reviews(Vocabulary vocabulary, Part whole, Part train, Part validation, Part test) {
    /** The codes of words and the reserved ones before them, which are the columns of the textbook's matrix. */
    public static final int CODES = 10_003;

    private static final int VALIDATION = 2000;
    private static final int FEWEST = 100;

    /**
     * Some of the reviews.
     *
     * @param labels 1 for a positive review
     */
    public record Part(List<String> texts, int[][] codes, int[] labels) {
        /** The number of reviews. */
        public int size() {
            return labels.length;
        }

        private Part pick(List<Integer> places) {
            return new Part(
                    places.stream().map(texts::get).toList(),
                    places.stream().map(i -> codes[i]).toArray(int[][]::new),
                    places.stream().mapToInt(i -> labels[i]).toArray());
        }

        /** The first {@code count} reviews, or all if there are fewer. */
        public Part first(int count) {
            return pick(IntStream.range(0, Math.min(count, size())).boxed().toList());
        }

        private int fingerprint() {
            return Objects.hash(texts, Arrays.deepHashCode(codes), Arrays.hashCode(labels));
        }

        /**
         * The last {@code words} codes of each review as the ragged field {@code x}, and its label as the number
         * {@code y} [1].
         */
        public Dataset dataset(int words) {
            int[][] last = Arrays.stream(codes)
                    .map(c -> Arrays.copyOfRange(c, Math.max(0, c.length - words), c.length))
                    .toArray(int[][]::new);
            float[] y = new float[size()];
            for (int i = 0; i < y.length; i++) {
                y[i] = labels[i];
            }
            return Dataset.of(
                    Field.ragged("x", last).input(),
                    Field.floats("y", Shape.of(1), y).target());
        }
    }

    /**
     * Reads them, or the first ones of each file, of which an even number is half positive.
     *
     * @param given their folder, or null for {@link Imdb#folder()}
     * @param most reviews for training and validation
     * @param mostTested reviews for the test
     * @param seed of the reviews that are drawn for validation
     * @throws IllegalArgumentException if they are missing, damaged, or too few
     */
    public static Reviews read(@Nullable Path given, int most, int mostTested, long seed) {
        Path folder = Imdb.folder(given);
        Vocabulary vocabulary =
                Imdb.words(folder).limit(CODES - Reserved.KERAS.tokens().size());
        Part whole = part(Imdb.read(folder, false), vocabulary, most, folder);
        Part test = part(Imdb.read(folder, true), vocabulary, mostTested, folder);
        return split(vocabulary, whole, test, seed);
    }

    /** Draws 2,000 reviews for validation, or a fifth if that is fewer. */
    public static Reviews split(Vocabulary vocabulary, Part whole, Part test, long seed) {
        List<Integer> order = IntStream.range(0, whole.size()).boxed().collect(Collectors.toList());
        Collections.shuffle(order, new Random(seed));
        int validation = Math.min(VALIDATION, whole.size() / 5);
        return new Reviews(
                vocabulary,
                whole,
                whole.pick(order.subList(validation, order.size())),
                whole.pick(order.subList(0, validation)),
                test);
    }

    /** The first reviews of a file; an even number of them is balanced. */
    private static Part part(Texts all, Vocabulary vocabulary, int most, Path folder) {
        Texts texts = first(all, most, folder);
        Words words = Words.keras();
        return new Part(
                IntStream.range(0, texts.size()).mapToObj(texts::text).toList(),
                texts.ids(text -> vocabulary.withStartAndEnd(words.tokens(text))),
                texts.labels());
    }

    /**
     * The first {@code most} reviews of a file, or all if there are fewer.
     *
     * @throws IllegalArgumentException if the file has fewer than 100
     */
    static Texts first(Texts all, int most, Path folder) {
        if (all.size() < FEWEST) {
            throw new IllegalArgumentException(
                    "the reviews of IMDB in " + folder + " are too few: a file has " + all.size()
                            + ", and this lab needs at least " + FEWEST + " in each; give the folder of the whole set");
        }
        return all.take(0, Math.min(most, all.size()));
    }

    /** A number that differs for other reviews, so that stored results of other reviews are recognized. */
    public int fingerprint() {
        return Objects.hash(train.fingerprint(), validation.fingerprint(), test.fingerprint());
    }

    /** The words of codes, separated by spaces. */
    public String decoded(int[] codes) {
        return Arrays.stream(codes).mapToObj(code -> vocabulary.token(code)).collect(Collectors.joining(" "));
    }
}
