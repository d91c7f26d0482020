package dev.fathom.experiments.data;

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
 * Additions of two numbers of up to three digits as texts, drawn as in Keras's addition_rnn: each number has 1, 2 or 3
 * random digits, and no question occurs twice, whichever number is first.
 */
public record Additions(List<Sum> all) {
    /** The length of a question, padded with blanks. */
    public static final int QUESTION = 7;
    /** The length of an answer, padded with blanks. */
    public static final int ANSWER = 4;

    private static final Characters LETTERS = new Characters();
    private static final Vocabulary PADDED = Vocabulary.ofTokens(LETTERS.tokens("0123456789+ "));
    /** The number of different characters in padded texts. */
    public static final int CHARACTERS = PADDED.size();
    /** The characters for a network with a stop symbol, which needs no blanks. */
    public static final Vocabulary STOPPED =
            Vocabulary.ofTokens(LETTERS.tokens("0123456789+")).reserved(Reserved.STANDARD);

    /** The addition of two numbers. */
    public record Sum(int a, int b) {
        /** Such as {@code 12+345}. */
        public String question() {
            return a + "+" + b;
        }

        /** Such as {@code 357}. */
        public String answer() {
            return Integer.toString(a + b);
        }
    }

    /** Keeps its own list. */
    public Additions {
        all = List.copyOf(all);
    }

    /** Draws {@code count} different sums. */
    public static Additions draw(int count, long seed) {
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
        // short sums are soon used up, so the last ones drawn are long
        Collections.shuffle(drawn, new Random(seed));
        return new Additions(drawn);
    }

    private static int number(SplittableRandom random) {
        return random.nextInt((int) Math.pow(10, random.nextInt(1, 4)));
    }

    /** The sums {@code from} to {@code to - 1}. */
    public Additions take(int from, int to) {
        return new Additions(all.subList(from, to));
    }

    /**
     * Questions and answers, padded with blanks at the end; if {@code reversed}, each padded question is in reverse
     * order.
     */
    public Dataset padded(boolean reversed) {
        return Dataset.of(
                Field.ints("x", Shape.of(QUESTION), characters(QUESTION, reversed, true))
                        .input(),
                Field.ints("y", Shape.of(ANSWER), characters(ANSWER, false, false))
                        .target());
    }

    private int[] characters(int width, boolean reversed, boolean questions) {
        StringBuilder texts = new StringBuilder();
        for (Sum sum : all) {
            String text = questions ? sum.question() : sum.answer();
            String padded = text + " ".repeat(width - text.length());
            texts.append(reversed ? new StringBuilder(padded).reverse() : padded);
        }
        return PADDED.ids(LETTERS.tokens(texts.toString()));
    }

    /** The text of a padded answer. A blank in front is a wrong character, so it stays. */
    public static String text(int... characters) {
        return LETTERS.text(PADDED.tokens(characters)).stripTrailing();
    }

    /** Questions without blanks, for {@link dev.fathom.decode.Seq2Seq}. */
    public int[][] questions() {
        return all.stream()
                .map(sum -> STOPPED.ids(LETTERS.tokens(sum.question())))
                .toArray(int[][]::new);
    }

    /** Answers without blanks, for {@link dev.fathom.decode.Seq2Seq}. */
    public int[][] answers() {
        return all.stream()
                .map(sum -> STOPPED.ids(LETTERS.tokens(sum.answer())))
                .toArray(int[][]::new);
    }

    /** The text of an answer of {@link dev.fathom.decode.Seq2Seq}. */
    public static String stoppedText(int... characters) {
        return LETTERS.text(STOPPED.tokens(characters));
    }
}
