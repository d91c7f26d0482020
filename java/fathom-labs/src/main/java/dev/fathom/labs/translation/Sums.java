package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.text.Characters;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Additions of two numbers of up to three digits as texts, drawn as Keras's addition_rnn draws them: each number has 1, 2 or 3 random digits, and no
 * question comes twice, whichever number is first.
 */
record Sums(List<Sum> all) {
    /** Characters of a question, filled up with blanks. */
    static final int QUESTION = 7;
    /** Characters of an answer, filled up with blanks. */
    static final int ANSWER = 4;

    private static final Characters LETTERS = new Characters();
    private static final Vocabulary PADDED = Vocabulary.ofTokens(LETTERS.tokens("0123456789+ "));
    /** Different characters of padded texts. */
    static final int CHARACTERS = PADDED.size();
    /** The characters for a net with a stop symbol, which needs no blanks. */
    static final Vocabulary STOPPED =
            Vocabulary.ofTokens(LETTERS.tokens("0123456789+")).reserved(Reserved.STANDARD);

    /** One of them. */
    record Sum(int a, int b) {
        String question() {
            return a + "+" + b;
        }

        String answer() {
            return Integer.toString(a + b);
        }
    }

    /** Keeps its own list. */
    Sums {
        all = List.copyOf(all);
    }

    /** Draws so many different ones. */
    static Sums draw(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Set<Sum> seen = new HashSet<>();
        List<Sum> drawn = new ArrayList<>();
        while (drawn.size() < count) {
            int a = number(random);
            int b = number(random);
            if (seen.add(new Sum(Math.min(a, b), Math.max(a, b)))) {
                drawn.add(new Sum(a, b));
            }
        }
        Collections.shuffle(
                drawn, new Random(seed)); // the short ones are soon used up, so that the last drawn are long
        return new Sums(drawn);
    }

    private static int number(SplittableRandom random) {
        return random.nextInt((int) Math.pow(10, random.nextInt(1, 4)));
    }

    /** Those from {@code from} to {@code to - 1}. */
    Sums take(int from, int to) {
        return new Sums(all.subList(from, to));
    }

    /** Questions and answers filled up with blanks behind, the whole question read from its end where {@code reversed}. */
    Dataset padded(boolean reversed) {
        return Dataset.of(
                Field.ints("x", Shape.of(QUESTION), characters(QUESTION, reversed, true)),
                Field.ints("y", Shape.of(ANSWER), characters(ANSWER, false, false)));
    }

    private int[] characters(int width, boolean reversed, boolean questions) {
        StringBuilder text = new StringBuilder();
        for (Sum sum : all) {
            String one = questions ? sum.question() : sum.answer();
            String wide = one + " ".repeat(width - one.length());
            text.append(reversed ? new StringBuilder(wide).reverse() : wide);
        }
        return PADDED.ids(LETTERS.tokens(text.toString()));
    }

    /** The text of a padded answer. */
    static String text(int... characters) {
        return LETTERS.text(PADDED.tokens(characters)).stripTrailing();
    }

    /** Questions without blanks, for {@link Seq2Seq}. */
    int[][] questions() {
        return all.stream()
                .map(sum -> STOPPED.ids(LETTERS.tokens(sum.question())))
                .toArray(int[][]::new);
    }

    /** Answers without blanks, for {@link Seq2Seq}. */
    int[][] answers() {
        return all.stream()
                .map(sum -> STOPPED.ids(LETTERS.tokens(sum.answer())))
                .toArray(int[][]::new);
    }

    /** The text of an answer of {@link Seq2Seq}. */
    static String stoppedText(int... characters) {
        return LETTERS.text(STOPPED.tokens(characters));
    }
}
