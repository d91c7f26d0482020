package dev.fathom.labs.representation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.representation.Copies.Unit;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Networks by hand to their last digit, and what training makes of a sine wave and of a function with 48 sets of
 * weights.
 */
class ApproximationLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new ApproximationLab(), 1, temp);
    }

    @Test
    void bumpsKeepWithinTheirBounds() {
        for (int n : new int[] {4, 8, 16, 32, 64}) {
            assertThat(run.figures())
                    .filteredOn(f -> f.name().startsWith(n + " bumps of "))
                    .hasSize(2);
        }
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        double steps =
                run.figure("32 bumps of sigmoids, largest error") / run.figure("64 bumps of sigmoids, largest error");
        double hats = run.figure("32 bumps of ReLUs, largest error") / run.figure("64 bumps of ReLUs, largest error");
        assertThat(steps).as("half the width, half the error").isCloseTo(2, within(0.4));
        assertThat(hats).as("half the width, a quarter of the error").isCloseTo(4, within(1.0));
    }

    @Test
    void aBumpOfReLUsIsAHat() {
        Sequential net = HandMade.hats(x -> x == 0.5 ? 1 : 0, 2);
        assertThat(HandMade.answers(net, 1, 0, 0.25f, 0.5f, 0.75f, 1)).containsExactly(0, 0.5f, 1, 0.5f, 0);
        assertThat(HandMade.answers(HandMade.tower(), 2, 0, 0, 0.9f, 0.9f, 1.1f, 0, 0, -1.1f, 2, 2))
                .containsExactly(new float[] {1, 1, 0, 0, 0}, within(1e-5f));
    }

    /** 256 teeth take 256 ReLUs in one layer, 2 x 16 in two, and 8 x 2 in eight. */
    @Test
    void depthMultipliesWhereWidthAdds() {
        assertThat(HandMade.widths(8, 1)).containsExactly(256);
        assertThat(HandMade.widths(8, 2)).containsExactly(16, 16);
        assertThat(HandMade.widths(8, 3)).containsExactly(8, 8, 4);
        assertThat(HandMade.widths(8, 8)).containsOnly(2).hasSize(8);
        assertThat(IntStream.of(1, 2, 4, 8).map(d -> HandMade.least(256, d))).containsExactly(255, 15, 3, 1);
        for (int depth = 1; depth <= 8; depth++) {
            assertThat(run.figure("sawtooth of 256 pieces, depth " + depth + ", largest error"))
                    .isZero();
            Sequential net = HandMade.wave(1, 8, depth);
            assertThat(net.layers()).filteredOn(Linear.class::isInstance).hasSize(depth + 1);
        }
    }

    @Test
    void parityOfAllInputsIsExact() {
        for (int depth = 1; depth <= 4; depth++) {
            assertThat(run.figure("parity of 16 pieces, depth " + depth + ", largest error"))
                    .isZero();
        }
        // parity of two bits is XOR
        assertThat(HandMade.answers(HandMade.wave(2, 1, 1), 2, TruthTable.INPUTS))
                .containsExactly(TruthTable.XOR);
        assertThat(run.figure("parity of 16 pieces, ReLUs at depth 1")).isEqualTo(16);
        assertThat(run.figure("parity of 16 pieces, ReLUs at depth 4")).isEqualTo(8);
    }

    @Test
    void aSineWaveNeedsAFewUnitsAndNotTen() {
        double one = run.figure("sine wave, M = 1, test error");
        double three = run.figure("sine wave, M = 3, test error");
        double ten = run.figure("sine wave, M = 10, test error");
        assertThat(three).isLessThan(one).isLessThan(ten);
        assertThat(one).isLessThan(0.705);
        assertThat(run.figure("sine wave, M of the least test error")).isEqualTo(3);
    }

    @Test
    void oneFunctionHasManySetsOfWeights() {
        assertThat(run.figure("copies of one function found")).isBetween(15.0, 48.0);
        assertThat(run.figure("largest difference of a weight after ordering")).isLessThan(0.1);
    }

    @Test
    void aCopyIsAnOrderAndSigns() {
        List<Unit> copy = List.of(
                new Unit(-2, 2.6, -0.8), // the third, with other signs
                new Unit(2.5, 3, 1),
                new Unit(-3, -0.3, 1.2));
        assertThat(Copies.canonical(copy)).isEqualTo(Copies.TRUTH);
        assertThat(Copies.copy(copy)).containsExactly(-3, 1, -2);
        Copies copies = new Copies(3, List.of(copy, Copies.TRUTH, copy));
        assertThat(copies.different()).isEqualTo(2);
        assertThat(copies.furthest()).isZero();
        assertThat(copies.expected()).isCloseTo(1 + 47 / 48.0 + Math.pow(47 / 48.0, 2), within(1e-12));
    }

    @Test
    void thePageHasItsPictures() {
        assertThat(run.result().isFinished()).isTrue();
        for (String picture : List.of("bumps", "tower", "sawtooth", "sinusoid", "copies")) {
            assertThat(temp.resolve(picture + ".png")).isNotEmptyFile();
        }
    }

    @Test
    void theSeedDecides(@TempDir Path folder) {
        InterruptedRun.assertThatTheSeedDecides(new ApproximationLab(), 1, folder);
    }
}
