package dev.fathom.labs.representation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** XOR by hand, and how often two hidden units find it. */
class XorLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new XorLab(), 1, temp);
    }

    @Test
    void twoThresholdUnitsAreXor() {
        assertThat(run.out()).containsPattern("0  0  1 +0 +0\n0  1  1 +1 +1\n1  0  1 +1 +1\n1  1  0 +1 +0\n");
    }

    @Test
    void oneUnitNeverSolvesItAndMoreUnitsSolveItMoreOften() {
        for (String activation : new String[] {"sigmoid", "tanh", "ReLU"}) {
            double one = share(1, activation);
            double two = share(2, activation);
            double four = share(4, activation);
            assertThat(one).as(activation).isZero();
            assertThat(two).as(activation).isBetween(5.0, 95.0);
            assertThat(four).as(activation).isGreaterThan(two + 10);
        }
        assertThat(share(2, "sigmoid")).isBetween(30.0, 65.0);
        assertThat(share(4, "tanh")).isGreaterThan(85);
    }

    private static double share(int hidden, String activation) {
        return run.figure("2-" + hidden + "-1 " + activation + ", starts that solve XOR");
    }

    /** Networks that fail end at the losses of answers that are means over two, three or four rows. */
    @Test
    void thereAreFourPlacesToEnd() {
        assertThat(XorLab.PLATEAUS.values().stream().mapToDouble(v -> v).toArray())
                .containsExactly(new double[] {0, 0.3465736, 0.4773856, 0.6931472}, within(1e-7));
        assertThat(run.out()).contains("300 networks with two hidden units, ");
        String rest = run.out().replaceAll("(?s).*300 networks with two hidden units, (\\d+) end.*", "$1");
        assertThat(Integer.parseInt(rest)).isLessThan(15);
    }

    @Test
    void thePageHasItsPictures() {
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        assertThat(temp.resolve("by-hand.png")).isNotEmptyFile();
        assertThat(temp.resolve("planes.png")).isNotEmptyFile();
    }

    @Test
    void theSeedDecides(@TempDir Path folder) {
        InterruptedRun.assertThatTheSeedDecides(new XorLab(), 200, folder);
    }
}
