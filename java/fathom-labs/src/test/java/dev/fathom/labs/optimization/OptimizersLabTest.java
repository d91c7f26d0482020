package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.ShortRun;
import dev.fathom.optim.Newton;
import dev.fathom.optim.Sgd;
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

    /** The textbook values of the surfaces, and one step of each of two methods by hand. */
    @Test
    void theSurfacesAreThoseOfTheTextbook() {
        for (Surface surface : Surface.ALL) {
            for (double[] at : surface.minima()) {
                assertThat(surface.path(new Sgd(1e-6f), 0, at).end())
                        .as(surface.title())
                        .isCloseTo(0, within(1e-6));
            }
        }
        assertThat(Surface.BEALE.value(1, 1)).isCloseTo(14.203125, within(1e-5)); // Moré, Garbow and Hillstrom 1981
        assertThat(Surface.ROSENBROCK.value(-1.2, 1)).isCloseTo(24.2, within(1e-4));
        double root = Math.sqrt(3);
        assertThat(Surface.RAVINE.value(root, 1)).isCloseTo(2, within(1e-5)); // 2 away, at 30 degrees
        assertThat(Surface.RAVINE.value(-1, root)).isCloseTo(50, within(1e-4));
        assertThat(Surface.RAVINE.value(1, 1)).isCloseTo(13 - 6 * root, within(1e-5));
        Surface.Path step = Surface.RAVINE.path(new Sgd(0.01f), 1, -1, root);
        assertThat(step.x()[1]).isCloseTo(-0.75, within(1e-6));
        assertThat(step.y()[1]).isCloseTo(0.75 * root, within(1e-6));
        assertThat(step.evaluations()).isEqualTo(1);
        Surface.Path newton = Surface.SADDLE.path(new Newton(), 1, 0.5, 0.1);
        assertThat(newton.x()[1]).isCloseTo(0, within(1e-4));
        assertThat(newton.y()[1]).isCloseTo(0.1 - (0.001 - 0.1) / (0.03 - 1), within(1e-4));
        assertThat(newton.evaluations()).isEqualTo(9);
    }

    @Test
    void aPathThatLeavesTheSurfaceEndsThere() {
        Surface.Path lost = Surface.ROSENBROCK.path(new Sgd(1), 50, -1.2, 1);
        assertThat(lost.whole(50)).isFalse();
        assertThat(lost.score(50)).isGreaterThan(3);
        assertThat(lost.arrival(1e-3)).isEqualTo(-1);
        Surface.Path there = Surface.RAVINE.path(new Newton(), 5, 1, 1);
        assertThat(there.arrival(1e-3)).isEqualTo(1);
    }
}
