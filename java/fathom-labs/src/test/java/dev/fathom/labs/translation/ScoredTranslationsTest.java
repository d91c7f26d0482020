package dev.fathom.labs.translation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.ParallelCorpus;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Scores of translations against values that were computed by hand. */
class ScoredTranslationsTest {
    private static ParallelCorpus.Sentence references(String... texts) {
        return new ParallelCorpus.Sentence(
                List.of("any"),
                List.of(texts).stream().map(ParallelCorpus.WORDS::tokens).toList());
    }

    /**
     * Of 5 + 2 words, 4 + 2 agree with a reference; of 4 + 1 pairs 3 + 1, of 3 triples 2, of 2 groups of four 1. The
     * closest references have 5 + 4 words, so BLEU is exp(1 - 9/7) (6/7 4/5 2/3 1/2)^(1/4). Of 9 + 7 characters of the
     * closest references, 1 is replaced and 4 are left out.
     */
    @Test
    void bleuAndCharacterAccuracyAreThoseComputedByHand() {
        var scored = ScoredTranslations.of(
                List.of(List.of("a", "b", "c", "d", "e"), List.of("a", "b")),
                List.of(references("x", "a b c d f"), references("a b c d")));
        assertThat(scored.bleu()).isCloseTo(51.960264, within(1e-5));
        assertThat(scored.characterAccuracy()).isCloseTo(100 * (1 - 5 / 16.0), within(1e-9));
    }

    @Test
    void whatEqualsOneOfTheReferencesIsPerfectAndNothingIsZero() {
        var truth = List.of(references("je suis malade maintenant", "je suis souffrant maintenant ."));
        var perfect = ScoredTranslations.of(List.of(List.of("je", "suis", "souffrant", "maintenant", ".")), truth);
        assertThat(perfect.bleu()).isCloseTo(100, within(1e-9));
        assertThat(perfect.characterAccuracy()).isEqualTo(100);
        var empty = ScoredTranslations.of(List.of(List.of()), truth);
        assertThat(empty.bleu()).isZero();
        assertThat(empty.characterAccuracy()).isZero();
    }
}
