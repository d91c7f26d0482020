package dev.fathom.labs.representation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.data.PlaneSet;
import dev.fathom.experiments.data.PlaneSet.Points;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Activations bend boundaries: with them every toy problem is learned, and without them only the moons are, for the
 * greater part.
 */
class BoundariesLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new BoundariesLab(), 1, temp);
    }

    private static double accuracy(String activation, PlaneSet set) {
        return run.figure(activation + " on " + set.title() + ", test accuracy");
    }

    @Test
    void everyActivationAndProblemHasAFigure() {
        assertThat(run.figures()).hasSize(25 * 4 + 1);
        for (PlaneSet set : PlaneSet.values()) {
            assertThat(temp.resolve(set.title() + ".png")).isNotEmptyFile();
        }
        assertThat(run.result().isFinished()).isTrue();
    }

    @Test
    void withoutActivationsABoundaryIsALine() {
        assertThat(accuracy("None (linear)", PlaneSet.CIRCLES)).isBetween(40.0, 62.0);
        assertThat(accuracy("None (linear)", PlaneSet.BLOBS)).isBetween(25.0, 76.0);
        assertThat(accuracy("None (linear)", PlaneSet.SPIRALS)).isLessThan(75);
        assertThat(accuracy("None (linear)", PlaneSet.MOONS)).isBetween(80.0, 93.0);
    }

    @Test
    void theUsualActivationsLearnEveryProblem() {
        for (String activation : List.of("Tanh", "ReLU", "Leaky ReLU", "PReLU", "Maxout of 2", "ELU", "GELU", "Mish")) {
            for (PlaneSet set : PlaneSet.values()) {
                assertThat(accuracy(activation, set))
                        .as(activation + " on " + set.title())
                        .isGreaterThan(95);
            }
        }
    }

    @Test
    void thePointsOfAProblemAlternateAndStayInThePicture() {
        for (PlaneSet set : PlaneSet.values()) {
            Points points = set.draw(400, new Rng(3));
            assertThat(points.of(0)[0]).hasSize(200);
            assertThat(points.of(1)[1]).hasSize(200);
            for (float v : points.x()) {
                assertThat(Math.abs(v)).as(set.title()).isLessThan(2);
            }
            assertThat(set.draw(400, new Rng(3)).x()).isEqualTo(points.x());
            assertThat(set.draw(400, new Rng(4)).x()).isNotEqualTo(points.x());
        }
    }

    @Test
    void theSeedDecides(@TempDir Path folder) {
        InterruptedRun.assertThatTheSeedDecides(new BoundariesLab(), 1, folder);
    }
}
