package dev.fathom.labs.generalization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab ridge}: the theory where it is exact, and its short form. */
class RidgeLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    private final LinearProblem problem = LinearProblem.draw(30, 6, new Rng(3));

    @BeforeAll
    static void shortForm() {
        run = ShortRun.of(new RidgeLab(), 1, folder);
    }

    /**
     * Wager et al. 2013: with all masks counted by their probability, dropout is ridge regression with a scaled
     * diagonal.
     */
    @Test
    void dropoutIsRidgeWithAScaledDiagonal() {
        for (double dropped : new double[] {0.1, 0.5, 0.9}) {
            assertThat(LinearProblem.distance(
                            LinearProblem.overAllMasks(problem, dropped), LinearProblem.dropoutRidge(problem, dropped)))
                    .isLessThan(1e-10);
        }
        assertThat(LinearProblem.distance(LinearProblem.overAllMasks(problem, 0.5), problem.leastSquares()))
                .isGreaterThan(0.05);
        assertThat(run.figure("Dropout over all masks, distance from ridge")).isLessThan(1e-10);
        assertThat(run.figure("Dropout layer trained by SGD, distance from ridge"))
                .isLessThan(0.03);
    }

    /** Bishop 1995: lambda = n tau^2. */
    @Test
    void copiesWithNoiseApproachRidge() {
        double tau = 0.5;
        double[] ridge = problem.ridge(30 * tau * tau);
        double few = LinearProblem.distance(RidgeLab.noisyCopies(problem, 10, tau, new Rng(1)), ridge);
        double many = LinearProblem.distance(RidgeLab.noisyCopies(problem, 4000, tau, new Rng(1)), ridge);
        assertThat(many).isLessThan(0.02).isLessThan(few / 5);
        assertThat(LinearProblem.distance(
                        RidgeLab.noisyCopies(problem, 4000, tau, new Rng(1)), problem.ridge(tau * tau)))
                .isGreaterThan(0.1);
        assertThat(run.figure("1,000 noisy copies, distance from ridge")).isLessThan(0.03);
        assertThat(run.figure("Noisy copies, power of their number")).isBetween(-0.7, -0.3);
        assertThat(run.figure("Layer of Gaussian noise trained by SGD, distance from ridge"))
                .isLessThan(0.05);
    }

    /** The constant of Ali et al. 2019 is the square of the largest (1 - exp(-x)) (1 + x) / x. */
    @Test
    void earlyStoppingBesideRidge() {
        double largest = IntStream.rangeClosed(1, 100_000)
                .mapToDouble(i -> i / 1e4)
                .map(x -> -Math.expm1(-x) * (1 + x) / x)
                .max()
                .orElseThrow();
        assertThat(largest).isCloseTo(1.2985, within(1e-4)); // which the paper rounds up
        assertThat(largest * largest).isBetween(EarlyStopping.BOUND - 5e-4, EarlyStopping.BOUND);
        assertThat(run.figure("Early stopping, largest ratio of its risk to that of ridge"))
                .isBetween(1.0, EarlyStopping.BOUND);
        assertThat(run.figure("SGD with all points, distance from gradient flow"))
                .isLessThan(0.05);
        assertThat(run.figure("SGD with 8 points, distance from the ridge path"))
                .isLessThan(0.5);
    }

    /** The factors on the axes give ridge regression, and the risk without shrinking is sigma^2 tr (X'X)^-1. */
    @Test
    void principalAxes() {
        LinearProblem.Axes axes = problem.axes();
        double t = 0.7;
        assertThat(axes.shrunk(LinearProblem.ridgeFactor(t))).containsExactly(problem.ridge(30 / t), within(1e-10));
        double[][] errors = new double[2000][];
        double risk = 0;
        double[] truth = problem.truth();
        double[] fitted = SplineFit.times(problem.x(), truth);
        for (int i = 0; i < errors.length; i++) {
            float[] noise = new Rng(9).split(i).normal(30, 0, (float) LinearProblem.DEVIATION);
            double[] y = IntStream.range(0, 30)
                    .mapToDouble(r -> fitted[r] + noise[r])
                    .toArray();
            double[] ridge = new LinearProblem(problem.x(), y, truth).ridge(30 / t);
            risk += SplineFit.distance(ridge, truth) * truth.length / errors.length;
        }
        double exact = axes.risk(LinearProblem.ridgeFactor(t));
        assertThat(risk).isCloseTo(exact, within(0.05 * exact));
    }

    @Test
    void gradientDescentFindsTheMinimumNorm() {
        assertThat(run.figure("SGD from 0, distance from the minimum norm")).isLessThan(1e-3);
        assertThat(run.figure("Ridge with a small penalty, distance from the minimum norm"))
                .isLessThan(1e-6);
        assertThat(run.figure("SGD from a random start, training error")).isLessThan(1e-6);
        assertThat(run.figure("SGD from a random start, distance from the minimum norm"))
                .isGreaterThan(0.1);
    }

    @Test
    void dropoutInNetworks() {
        double mean = run.figure("Mean network, test error");
        assertThat(run.figure("One run with dropout, test error")).isGreaterThan(mean);
        assertThat(run.figure("Mean of 30 runs with dropout, test error")).isCloseTo(mean, within(2.0));
        assertThat(run.figure("400 images, test error with dropout")).isBetween(15.0, 40.0);
        assertThat(run.result().isFinished()).isTrue();
        for (String file : new String[] {"copies.png", "stopping.png", "monte-carlo.png", "sizes.png", "report.html"}) {
            assertThat(folder.resolve(file)).isNotEmptyFile();
        }
    }
}
