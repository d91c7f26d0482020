package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** BLEU by the examples of its paper and a calculation by hand, error rates by textbook distances. */
class TextMetricsTest {
    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" "));
    }

    private static Bleu bleu(String hypothesis, String... references) {
        return Bleu.of(
                List.of(words(hypothesis)),
                List.of(Arrays.stream(references).map(TextMetricsTest::words).toList()));
    }

    // Papineni et al. 2002, section 2.1
    private static final String[] PARTY = {
        "it is a guide to action that ensures that the military will forever heed party commands",
        "it is the guiding principle which guarantees the military forces always being under the command of the party",
        "it is the practical guide for the army always to heed the directions of the party"
    };

    /** Example 1: modified unigram precision 17/18 of candidate 1 and 8/14 of candidate 2; bigrams 10/17 and 1/13. */
    @Test
    void theExamplesOfThePaper() {
        Bleu one = bleu(
                "it is a guide to action which ensures that the military always obeys the commands of the party",
                PARTY);
        Bleu two = bleu("it is to insure the troops forever hearing the activity guidebook that party direct", PARTY);
        assertThat(one.precisions().get(0)).isEqualTo(17 / 18.0);
        assertThat(one.precisions().get(1)).isEqualTo(10 / 17.0);
        assertThat(two.precisions().get(0)).isEqualTo(8 / 14.0);
        assertThat(two.precisions().get(1)).isEqualTo(1 / 13.0);
        assertThat(two.score()).as("no trigram agrees").isZero();
        // 7 of 16 trigrams and 4 of 15 four-grams; c = 18 and r = 18: nltk's documentation prints 0.5045 for it
        assertThat(one.score()).isCloseTo(Math.pow(17 / 18.0 * 10 / 17 * 7 / 16 * 4 / 15, 0.25), within(1e-12));
        assertThat(one.score()).isCloseTo(0.5045666840058485, within(1e-12));
        assertThat(one.brevityPenalty()).isEqualTo(1);
        assertThat(one.referenceLength()).isEqualTo(18);
    }

    /** Example 2 of the paper: "the" counts as often as in one reference, 2/7. */
    @Test
    void countsAreClipped() {
        Bleu b = bleu("the the the the the the the", "the cat is on the mat", "there is a cat on the mat");
        assertThat(b.precisions().get(0)).isEqualTo(2 / 7.0);
        assertThat(b.precisions().get(1)).isZero();
    }

    /**
     * Counts and lengths are summed over the corpus before anything is divided; the second sentence is two tokens
     * short.
     */
    @Test
    void aCorpusByHand() {
        Bleu b = Bleu.of(
                List.of(words("a b c d e"), words("a b c d")),
                List.of(List.of(words("a b c d f")), List.of(words("a b c d e f"))));
        assertThat(b.precisions()).containsExactly(8 / 9.0, 6 / 7.0, 4 / 5.0, 2 / 3.0);
        assertThat(b.length()).isEqualTo(9);
        assertThat(b.referenceLength()).isEqualTo(11);
        assertThat(b.brevityPenalty()).isCloseTo(Math.exp(1 - 11 / 9.0), within(1e-15));
        assertThat(b.score())
                .isCloseTo(Math.exp(-2 / 9.0) * Math.pow(8.0 / 9 * 6 / 7 * 4 / 5 * 2 / 3, 0.25), within(1e-12));
    }

    @Test
    void edgesOfBleu() {
        assertThat(bleu("a b c d e", "a b c d e").score()).isEqualTo(1);
        assertThat(bleu("a b c d", "x", "a b c", "a b c d e").referenceLength())
                .as("of two as close, the shorter")
                .isEqualTo(3);
        Bleu none = bleu("", "a b c d");
        assertThat(none.score()).isZero();
        assertThat(none.brevityPenalty()).isZero();
        assertThat(none.precisions()).allSatisfy(p -> assertThat(p).isNaN());
        assertThat(bleu("a b c", "a b c").score()).as("no four-grams").isZero();
        assertThat(Bleu.of(List.of(List.of(1, 2, 3, 4)), List.of(List.of(List.of(1, 2, 3, 4))))
                        .score())
                .isEqualTo(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bleu.of(List.of(), List.of()))
                .withMessage("bleu: there are 0 sentences and references of 0; give at least one sentence, and "
                        + "references of each");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bleu("a"))
                .withMessage("bleu: sentence 0 has no reference; give at least one for each");
    }

    // ---- edit distance

    private static int distance(String a, String b) {
        return ErrorRate.distance(a.chars().boxed().toList(), b.chars().boxed().toList());
    }

    @Test
    void knownDistances() {
        assertThat(distance("kitten", "sitting")).isEqualTo(3);
        assertThat(distance("saturday", "sunday")).isEqualTo(3);
        assertThat(distance("intention", "execution"))
                .as("Jurafsky and Martin, with substitutions of cost 1")
                .isEqualTo(5);
        assertThat(distance("", "abc")).isEqualTo(3);
        assertThat(distance("abc", "")).isEqualTo(3);
        assertThat(distance("", "")).isZero();
    }

    private static int slow(List<Integer> a, List<Integer> b) {
        if (a.isEmpty() || b.isEmpty()) {
            return a.size() + b.size();
        }
        List<Integer> x = a.subList(1, a.size());
        List<Integer> y = b.subList(1, b.size());
        int change = a.get(0).equals(b.get(0)) ? 0 : 1;
        return Math.min(slow(x, y) + change, 1 + Math.min(slow(x, b), slow(a, y)));
    }

    @Test
    void randomDistancesAreThoseOfTheDefinition() {
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            List<Integer> a = random.ints(random.nextInt(7), 0, 3).boxed().toList();
            List<Integer> b = random.ints(random.nextInt(7), 0, 3).boxed().toList();
            assertThat(ErrorRate.distance(a, b)).isEqualTo(slow(a, b));
        }
    }

    @Test
    void ratesAreOfTheCorpus() {
        ErrorRate wer = ErrorRate.ofWords(
                List.of("the cat sat", "  hello \t big world "), List.of("the cat sat down", "hello world"));
        assertThat(wer).isEqualTo(new ErrorRate(2, 6));
        assertThat(wer.value()).isEqualTo(2 / 6.0);
        assertThat(ErrorRate.ofCharacters(List.of("a \uD83D\uDE00c"), List.of("a \uD83D\uDE01c")))
                .as("a character outside the basic plane is one")
                .isEqualTo(new ErrorRate(1, 4));
        assertThat(ErrorRate.ofWords(List.of("a b"), List.of("")).value()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(ErrorRate.ofWords(List.of(" "), List.of("")).value()).isZero();
        assertThat(ErrorRate.ofWords(List.of("a b c"), List.of("d")).value()).isEqualTo(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ErrorRate.ofWords(List.of("a"), List.of()))
                .withMessage("error rate: there are 1 hypotheses but 0 references; give one for each");
    }
}
