package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class DuelTest {
    @Test
    void medianAndStandardError() {
        assertThat(Duel.median(new double[] {3, 1, 2})).isEqualTo(2);
        assertThat(Duel.median(new double[] {4, 1, 2, 3})).isEqualTo(2.5);
        // distances 1, 0, 98 from 2, of which the middle one is 1
        assertThat(Duel.standardError(new double[] {1, 2, 100}))
                .isEqualTo(1.2533 * 1.4826 / Math.sqrt(3), within(1e-12));
    }

    @Test
    void ratioAboveOneMeansFathomIsFaster() {
        Duel.Outcome o = new Duel(new double[][] {{100, 100, 100}})
                .against("slow", new double[][] {{300, 300, 300}})
                .against("fast", new double[][] {{150, 150, 150}})
                .outcome();
        assertThat(o).isEqualTo(new Duel.Outcome(100, 150, "fast", 1.5, 0, 0));
    }

    @Test
    void theFastestRivalOfEachGenerationCounts() {
        Duel.Outcome o = new Duel(new double[][] {{100, 100}, {100, 100}, {100, 100}})
                .against("a", new double[][] {{110, 110}, {200, 200}, {120, 120}})
                .against("b", new double[][] {{300, 300}, {130, 130}, {300, 300}})
                .outcome();
        assertThat(o.theirs()).isEqualTo(120); // of 110, 130, 120
        assertThat(o.rival()).isEqualTo("a");
        assertThat(o.ratio()).isEqualTo(1.2, within(1e-12));
        assertThat(o.error())
                .isEqualTo(2 * 1.2533 * 1.4826 * 0.1 / Math.sqrt(6), within(1e-12)); // above half of 1.3 - 1.1
    }

    @Test
    void neighboringRepetitionsGiveTheError() {
        // ratios 1, 2, 3; a drift that both share cancels
        Duel.Outcome o = new Duel(new double[][] {{10, 100, 1000}})
                .against("a", new double[][] {{10, 200, 3000}})
                .outcome();
        assertThat(o.error()).isEqualTo(2 * 1.2533 * 1.4826 / Math.sqrt(3), within(1e-12));
    }

    @Test
    void withoutRivalsThereIsNoRatio() {
        Duel.Outcome o = new Duel(new double[][] {{5, 7, 6}}).outcome();
        assertThat(o.ours()).isEqualTo(6);
        assertThat(o.ratio()).isNaN();
        assertThat(o.rival()).isEmpty();
        assertThat(o.oursError()).isEqualTo(2 * 1.2533 * 1.4826 / Math.sqrt(3), within(1e-12));
    }

    @Test
    void eachRivalHasAnOutcome() {
        Duel duel = new Duel(new double[][] {{100}, {100}})
                .against("a", new double[][] {{110}, {200}})
                .against("b", new double[][] {{300}, {130}});
        assertThat(duel.outcome().theirs()).isEqualTo(120); // of 110 and 130
        assertThat(duel.each())
                .extracting(Duel.Outcome::rival, Duel.Outcome::theirs, Duel.Outcome::ratio)
                .containsExactly(tuple("a", 155.0, 1.55), tuple("b", 215.0, 2.15));
    }

    @Test
    void aRivalWithFewerTurnsIsComparedWithTheTurnsBesideIts() {
        Duel duel = new Duel(new double[][] {{100, 100, 200}, {100, 100}, {}})
                .against("a", new double[][] {{110, 110, 220}, {120, 120}, {}})
                .against("out", new double[][] {{150}, {}, {}});
        assertThat(duel.outcome().ratio()).isEqualTo(1.15, within(1e-12));
        assertThat(duel.outcome().rival()).isEqualTo("a");
        assertThat(duel.each()).extracting(Duel.Outcome::ratio).containsExactly(1.15, 1.5);
    }
}
