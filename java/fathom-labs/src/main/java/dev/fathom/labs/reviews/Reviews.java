package dev.fathom.labs.reviews;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.data.Imdb;
import dev.fathom.labs.experiments.Run;
import dev.fathom.op.Shape;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The reviews of IMDB as Keras's codes of the 10,000 most frequent words, in the parts of the textbook: those to train on, 2,000 to choose by, and those of
 * the test.
 *
 * @param vocabulary the words of the codes: padding, start, unknown and unused, then 9,999 words, which makes the textbook's 10,003 columns
 * @param whole all reviews to learn from, in the order of their file
 */
record Reviews(Vocabulary vocabulary, Part whole, Part train, Part validation, Part test) {
    /** The codes of words and the reserved ones before them, which are the columns of the textbook's matrix. */
    static final int CODES = 10_003;

    private static final int HELD_OUT = 2000;
    private static final int FEWEST = 100;

    /**
     * Some of the reviews.
     *
     * @param labels 1 for a positive review
     */
    record Part(List<String> texts, int[][] codes, int[] labels) {
        int size() {
            return labels.length;
        }

        Part pick(List<Integer> places) {
            return new Part(
                    places.stream().map(texts::get).toList(),
                    places.stream().map(i -> codes[i]).toArray(int[][]::new),
                    places.stream().mapToInt(i -> labels[i]).toArray());
        }

        /** The first so many, or all where there are fewer. */
        Part first(int count) {
            return pick(IntStream.range(0, Math.min(count, size())).boxed().toList());
        }

        /** The last {@code words} codes of each review as the ragged field {@code x}, and its label as the number {@code y} [1]. */
        Dataset dataset(int words) {
            int[][] last = Arrays.stream(codes)
                    .map(c -> Arrays.copyOfRange(c, Math.max(0, c.length - words), c.length))
                    .toArray(int[][]::new);
            float[] y = new float[size()];
            for (int i = 0; i < y.length; i++) {
                y[i] = labels[i];
            }
            return Dataset.of(Field.ragged("x", last), Field.floats("y", Shape.of(1), y));
        }
    }

    /**
     * Reads them; a balanced part of them for a short run.
     *
     * @throws IllegalArgumentException if they are missing, damaged, or too few to learn from
     */
    static Reviews read(Run run) {
        Path folder = Imdb.folder(run.data());
        Vocabulary vocabulary =
                Imdb.words(folder).limit(CODES - Reserved.KERAS.tokens().size());
        Part whole = part(Imdb.read(folder, false), vocabulary, run.of(Integer.MAX_VALUE, 1200), folder);
        Part test = part(Imdb.read(folder, true), vocabulary, run.of(Integer.MAX_VALUE, 600), folder);
        List<Integer> order = IntStream.range(0, whole.size()).boxed().collect(Collectors.toList());
        Collections.shuffle(order, new Random(run.seed()));
        int heldOut = Math.min(HELD_OUT, whole.size() / 5);
        return new Reviews(
                vocabulary,
                whole,
                whole.pick(order.subList(heldOut, order.size())),
                whole.pick(order.subList(0, heldOut)),
                test);
    }

    /** The first reviews of a file, of which every even number is balanced. */
    private static Part part(Texts all, Vocabulary vocabulary, int most, Path folder) {
        if (all.size() < FEWEST) {
            throw new IllegalArgumentException(
                    "the reviews of IMDB in " + folder + " are too few: a file has " + all.size()
                            + ", and this lab needs at least " + FEWEST + " in each; give the folder of the whole set");
        }
        Texts texts = all.size() > most ? all.take(0, most) : all;
        Words words = Words.keras();
        return new Part(
                IntStream.range(0, texts.size()).mapToObj(texts::text).toList(),
                texts.ids(text -> vocabulary.withStartAndEnd(words.tokens(text))),
                texts.labels());
    }

    /** A review as its codes say it, word by word. */
    String decoded(int[] codes) {
        return Arrays.stream(codes).mapToObj(code -> vocabulary.token(code)).collect(Collectors.joining(" "));
    }
}
