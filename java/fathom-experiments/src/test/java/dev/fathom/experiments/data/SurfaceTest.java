package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.derivative.Newton;
import dev.fathom.optim.Sgd;
import org.junit.jupiter.api.Test;

/** The functions by which textbooks compare optimizers, and ways over them. */
class SurfaceTest {
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
