package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TurnsTest {
    /** Turns that are never sure, so that errors alone decide. */
    private static Turns turns(List<List<String>> lines) {
        return new Turns(
                "fathom",
                lines.stream().map(rivals -> new Turns.Line(rivals, Double.NaN)).toList(),
                3,
                5);
    }

    /** Has all who are next take their turn, each with its own time. */
    private static void turn(Turns turns, int generation, Map<String, Double> ns) {
        turns.next(generation).forEach(who -> turns.took(generation, who, ns.get(who)));
    }

    private static int generation(Turns turns, int generation, Map<String, Double> ns) {
        int n = 0;
        for (; !turns.next(generation).isEmpty(); n++) {
            turn(turns, generation, ns);
        }
        return n;
    }

    @Test
    void equalTurnsAreEnoughWhenThereAreTwo() {
        Turns turns = turns(List.of(List.of("a", "b")));
        Map<String, Double> ns = Map.of("fathom", 100.0, "a", 110.0, "b", 120.0);
        assertThat(turns.next(0)).containsExactly("fathom", "a", "b");
        assertThat(generation(turns, 0, ns)).isEqualTo(2);
        assertThat(generation(turns, 1, ns)).isEqualTo(2);
        assertThat(generation(turns, 2, ns)).as("generations that agree").isZero();
        assertThat(turns.nanos(2)).isEmpty();
        assertThat(turns.duel(List.of("a", "b")).outcome().ratio()).isEqualTo(1.1, within(1e-12));
    }

    @Test
    void unequalTurnsAreFollowedByOthersUpToAnEnd() {
        Turns turns = turns(List.of(List.of("a")));
        for (int i = 0; i < 5; i++) {
            assertThat(turns.next(0)).as("turn " + i).containsExactly("fathom", "a");
            turn(turns, 0, Map.of("fathom", 100.0, "a", 100 + 10.0 * i));
        }
        assertThat(turns.next(0)).isEmpty();
        assertThat(turns.nanos(0).get("a")).containsExactly(100, 110, 120, 130, 140);
    }

    @Test
    void twoTurnsThatAreFarApartAreFollowedByAThird() {
        Turns turns = new Turns("fathom", List.of(new Turns.Line(List.of("a"), 1)), 3, 5);
        turn(turns, 0, Map.of("fathom", 100.0, "a", 1000.0));
        turn(turns, 0, Map.of("fathom", 200.0, "a", 1000.0));
        assertThat(turns.next(0))
                .as("a clear ratio, but one turn took twice as long")
                .containsExactly("fathom", "a");
        turn(turns, 0, Map.of("fathom", 100.0, "a", 1000.0));
        assertThat(turns.next(0)).isEmpty();
    }

    @Test
    void aThirdGenerationSettlesWhatTwoDisagreeOn() {
        Turns turns = turns(List.of(List.of("a")));
        generation(turns, 0, Map.of("fathom", 100.0, "a", 100.0));
        generation(turns, 1, Map.of("fathom", 100.0, "a", 110.0));
        assertThat(generation(turns, 2, Map.of("fathom", 100.0, "a", 104.0))).isEqualTo(2);
        assertThat(turns.duel(List.of("a")).outcome().ratio()).isEqualTo(1.04, within(1e-12));
    }

    @Test
    void whoIsFarFromTheFastestIsOut() {
        Turns turns = turns(List.of(List.of("a", "slow", "slower", "near", "nearer")));
        Map<String, Double> ns =
                Map.of("fathom", 100.0, "a", 110.0, "slow", 155.0, "slower", 331.0, "near", 122.0, "nearer", 120.0);
        turn(turns, 0, ns);
        assertThat(turns.next(0)).containsExactly("fathom", "a", "slow", "near", "nearer");
        turn(turns, 0, ns);
        assertThat(turns.next(0)).as("two turns are enough").isEmpty();
        assertThat(turns.next(1)).containsExactly("fathom", "a", "nearer");
        turn(turns, 1, ns);
        assertThat(turns.duel(List.of("a", "slow", "slower")).each())
                .extracting(Duel.Outcome::rival, Duel.Outcome::ratio)
                .containsExactly(tuple("a", 1.1), tuple("slow", 1.55), tuple("slower", 3.31));
    }

    @Test
    void aRivalThatFailsLeavesToTheOthers() {
        Turns turns = turns(List.of(List.of("a", "b", "far"), List.of("c")));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 110.0, "b", 120.0, "c", 130.0, "far", 500.0));
        assertThat(turns.leave("a")).isTrue();
        assertThat(turns.lacks("a")).isTrue();
        assertThat(turns.lacks("b")).isFalse();
        assertThat(turns.next(0)).containsExactly("fathom", "b", "c");
        assertThat(turns.duel(List.of("a", "b", "far")).each())
                .extracting(Duel.Outcome::rival)
                .containsExactly("b", "far");
        assertThat(turns.leave("b")).as("only one that is out is left").isFalse();
        assertThat(turns.leave("c")).as("a line without rivals").isFalse();
    }

    @Test
    void whoIsOutStaysOutWhenTheFastestBecomesSlower() {
        Turns turns = turns(List.of(List.of("a", "b")));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 100.0, "b", 147.0));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 108.0, "b", 150.0));
        assertThat(turns.next(0)).as("147 is above 1.4 times 104").containsExactly("fathom", "a");
        turn(turns, 0, Map.of("fathom", 100.0, "a", 110.0));
        assertThat(turns.next(0)).as("147 is below 1.4 times 108").containsExactly("fathom", "a");
        assertThat(turns.next(1)).containsExactly("fathom", "a");
    }

    @Test
    void aLineThatIsSettledHasNoMoreTurnsInAGeneration() {
        Turns turns = turns(List.of(List.of("a", "shipped"), List.of("shipped")));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 115.0, "shipped", 120.0));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 115.0, "shipped", 126.0));
        for (double shipped : new double[] {100, 90}) { // at last faster than a
            assertThat(turns.next(0)).containsExactly("fathom", "shipped");
            turn(turns, 0, Map.of("fathom", 100.0, "shipped", shipped));
        }
        assertThat(turns.next(0)).as("a missed two turns").containsExactly("fathom", "shipped");
        assertThat(turns.next(1)).containsExactly("fathom", "a", "shipped");
    }

    @Test
    void aRivalWithALineOfItsOwnRacesThereHoweverSlow() {
        Turns turns = turns(List.of(List.of("a"), List.of("beside")));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 110.0, "beside", 900.0));
        turn(turns, 0, Map.of("fathom", 100.0, "a", 110.0, "beside", 1000.0));
        assertThat(turns.next(0)).as("a is settled").containsExactly("fathom", "beside");
        turn(turns, 0, Map.of("fathom", 100.0, "beside", 950.0));
        assertThat(turns.duel(List.of("a")).outcome().ratio()).isEqualTo(1.1, within(1e-12));
        assertThat(turns.duel(List.of("beside")).outcome().ratio()).isEqualTo(9.5, within(1e-12));
    }

    @Test
    void withoutRivalsOurOwnTimeIsSettled() {
        Turns turns = turns(List.of(List.of()));
        assertThat(turns.begun()).isFalse();
        assertThat(generation(turns, 0, Map.of("fathom", 100.0))).isEqualTo(2);
        turn(turns, 1, Map.of("fathom", 100.0));
        turn(turns, 1, Map.of("fathom", 120.0));
        assertThat(turns.next(1)).containsExactly("fathom");
        assertThat(turns.begun()).isTrue();
        assertThat(turns.duel(List.of()).outcome().rival()).isEmpty();
    }

    @Test
    void aRatioThatIsSureNeedsFewerTurns() {
        Turns ahead = new Turns("fathom", List.of(new Turns.Line(List.of("a"), 1, 0.9)), 3, 5);
        for (int g = 0; g < 2; g++) {
            for (double a : new double[] {108, 114, 112}) { // 1.12 with an error of 0.04
                assertThat(ahead.next(g)).containsExactly("fathom", "a");
                turn(ahead, g, Map.of("fathom", 100.0, "a", a));
            }
            assertThat(ahead.next(g)).isEmpty();
        }
        assertThat(ahead.next(2)).isEmpty();
    }

    @Test
    void aRatioFarFromAllThatIsAskedNeedsTwoTurns() {
        Turns ahead = new Turns("fathom", List.of(new Turns.Line(List.of("a"), 1, 0.9)), 3, 5);
        for (double a : new double[] {200, 220}) {
            assertThat(ahead.next(0)).containsExactly("fathom", "a");
            turn(ahead, 0, Map.of("fathom", 100.0, "a", a));
        }
        for (int g = 0; g < 3; g++) {
            assertThat(ahead.next(g)).isEmpty();
        }
    }

    @Test
    void aRatioNearAnyThatIsAskedNeedsAllTurns() {
        Turns near = new Turns("fathom", List.of(new Turns.Line(List.of("a"), 1, 2.1)), 3, 5);
        for (int g = 0; g < 3; g++) {
            for (double a : new double[] {200, 220, 240, 200, 220}) {
                assertThat(near.next(g)).containsExactly("fathom", "a");
                turn(near, g, Map.of("fathom", 100.0, "a", a));
            }
            assertThat(near.next(g)).isEmpty();
        }
    }
}
