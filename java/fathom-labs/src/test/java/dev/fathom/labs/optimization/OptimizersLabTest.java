package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab optimizers}: its surfaces, its short form, and the theory of the ravine. */
class OptimizersLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void race() {
        run = ShortRun.of(new OptimizersLab(), 1, folder);
    }

    @Test
    void onAQuadraticFunctionTheFactorsAreThoseOfTheTheory() {
        assertThat(run.figure("Ravine, gradient descent, factor for each step")).isCloseTo(24.0 / 26, within(1e-4));
        assertThat(run.figure("Ravine, momentum, factor for each step")).isBetween(4.0 / 6, 4.0 / 6 + 0.02);
        assertThat(run.figure("Ravine, Newton, factor of one step")).isLessThan(1e-5);
    }

    @Test
    void onlyNoiseLeavesTheRidgeOfTheSaddle() {
        for (String exact : List.of("Gradient descent", "Momentum", "Adam", "Newton")) {
            assertThat(run.figure("Ridge of the saddle, " + exact + ", arrived at a minimum"))
                    .as(exact)
                    .isZero();
        }
        assertThat(run.figure("Ridge of the saddle, Gradient noise, arrived at a minimum"))
                .isGreaterThan(80);
    }

    /** Newton's method is drawn to the saddle, 0.25 above the minima; the damped form goes down. */
    @Test
    void theMethodsThatShouldAreAheadOnTheSurfaces() {
        String descent = "Gradient descent";
        for (String surface : List.of("Ravine", "Rosenbrock")) {
            for (String faster : List.of("Momentum", "Nesterov", "Newton", "L-BFGS")) {
                assertThat(gap(surface, faster)).as(surface + " " + faster).isLessThan(gap(surface, descent));
            }
        }
        assertThat(gap("Saddle", "Newton")).isGreaterThan(Math.log10(0.24));
        assertThat(gap("Saddle", "Newton, damped")).isLessThan(-3);
        assertThat(gap("Saddle", "L-BFGS")).isLessThan(-3);
    }

    private static double gap(String surface, String optimizer) {
        return run.figure(surface + ", " + optimizer + ", mean log10 of the gap");
    }

    @Test
    void everyOptimizerLearnsTheImages() {
        List<Racer> all = Racer.ON_IMAGES;
        assertThat(all).hasSize(22);
        for (Racer c : all) {
            assertThat(run.figure(c.name() + ", test accuracy")).as(c.name()).isGreaterThan(55);
        }
        assertThat(run.figure("Adam, test accuracy")).isGreaterThan(run.figure("Gradient descent, test accuracy"));
        // the same step, with another place for the rate
        assertThat(run.figure("Mean momentum, test accuracy")).isEqualTo(run.figure("Momentum, test accuracy"));
    }

    @Test
    void thePageHasPathsCurvesAndAnimationsAndNoSurfaceFigureMissesItsBand() {
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        assertThat(run.result().isFinished()).isTrue();
        for (String surface : List.of("ravine", "saddle", "beale", "rosenbrock")) {
            for (String end : List.of(".gif", "-gaps.png", "-momentum.png", "-adaptive.png", "-others.png")) {
                assertThat(folder.resolve(surface + end)).isNotEmptyFile();
            }
        }
        for (String family : List.of("momentum", "adaptive", "others")) {
            assertThat(folder.resolve(family + "-images.png")).isNotEmptyFile();
        }
    }
}
