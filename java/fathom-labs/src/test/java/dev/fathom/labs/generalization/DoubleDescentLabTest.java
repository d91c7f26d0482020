package dev.fathom.labs.generalization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.SineSample;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.NaturalSpline;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab double-descent}: the medians of the textbook's simulation, its curves, and the peaks on images. */
class DoubleDescentLabTest {
    private static final int SAMPLES = 100;

    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        run = ShortRun.of(new DoubleDescentLab(), 1, folder);
    }

    private static List<SineSample> samples() {
        return IntStream.range(0, SAMPLES)
                .mapToObj(i -> SineSample.draw(20, new Rng(7).split(i)))
                .toList();
    }

    private static SplineDescent splines(int d) {
        return SplineDescent.of(d, samples(), NaturalSpline.Basis.B_SPLINES);
    }

    /**
     * Medians over 100 samples are uncertain: by rank, their standard error is 0.05 on both sides. A thousandth of such
     * comparisons is further apart than the tolerance; for small d, where samples are alike, this is within a tenth of
     * the error.
     */
    @Test
    void theMediansOfTheSimulation() {
        double tolerance = SplineDescent.tolerance(SAMPLES, 100);
        assertThat(tolerance).isCloseTo(0.2326, within(1e-4));
        assertThat(run.figure("Splines, largest distance of another median from the middle"))
                .isLessThan(tolerance);
        SplineMedians.TEST.forEach((d, median) -> {
            if (d < 16 || d > 40) {
                assertThat(run.figure("Splines, d = " + d + ", median test error"))
                        .as("d = %d", d)
                        .isCloseTo(median, within(0.3 * median));
            }
        });
        assertThat(SplineMedians.TEST).hasSize(20);
    }

    /**
     * Another basis of the same splines has the same fits up to d = 20, and others beyond, because its norm is another.
     */
    @Test
    void theBasisDecidesBeyondTheThreshold() {
        SplineDescent cardinal = SplineDescent.of(10, samples(), NaturalSpline.Basis.CARDINAL);
        assertThat(cardinal.test()).containsExactly(splines(10).test(), within(1e-8));
        SplineDescent beyond = SplineDescent.of(80, samples(), NaturalSpline.Basis.CARDINAL);
        assertThat(Averages.median(beyond.test()))
                .isGreaterThan(1.5 * Averages.median(splines(80).test()));
    }

    /** With d = n the inner knots are the points between the first and the last. */
    @Test
    void theKnotsAreQuantiles() {
        SineSample sample = SineSample.draw(20, new Rng(1));
        double[] knots = sample.spline(20, NaturalSpline.Basis.B_SPLINES).knots();
        assertThat(Arrays.copyOfRange(knots, 1, 19))
                .containsExactly(Arrays.copyOfRange(sample.x(), 1, 19), within(1e-12));
        assertThat(knots[0]).isEqualTo(-5);
        assertThat(knots[19]).isEqualTo(5);
        assertThat(sample.spline(3, NaturalSpline.Basis.B_SPLINES).knots()[1])
                .isCloseTo((sample.x()[9] + sample.x()[10]) / 2, within(1e-12));
    }

    /** The signal of the simulation: Var(sin X) = (1 - sin(10) / 10) / 2 is 5.86 times the variance of the noise. */
    @Test
    void theSimulation() {
        double[] sine = Arrays.stream(SplineFit.GRID).map(Math::sin).toArray();
        double signal = SplineFit.distance(sine, new double[sine.length]);
        assertThat(signal).isCloseTo(0.5272010555, within(1e-5));
        assertThat(signal / SineSample.NOISE).isCloseTo(5.857789506, within(1e-4));
    }

    @Test
    void theCurves() {
        assertThat(run.figure("Splines, largest median train error from d = 20 on"))
                .isLessThan(1e-28);
        assertThat(run.figure("Splines, d of the largest median test error")).isBetween(19.0, 22.0);
        assertThat(run.figure("Splines, d of the smallest median test error above 20"))
                .isBetween(30.0, 60.0);
        assertThat(run.figure("Splines, d = 20, median squared norm"))
                .isGreaterThan(3 * run.figure("Splines, d = 42, median squared norm"));
        assertThat(run.out()).contains("other samples").containsPattern("\n42 +\\S+e-30 +0\\.\\d+");
        for (String file : new String[] {"splines.png", "fits.png", "features.png", "networks.png", "report.html"}) {
            assertThat(folder.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void thePeaksOnImages() {
        for (String name : new String[] {"Random features", "Networks"}) {
            double peak = run.figure(name + ", squared test error at the peak");
            assertThat(peak).as(name).isGreaterThan(1.2 * run.figure(name + ", squared test error before the peak"));
            assertThat(peak).as(name).isGreaterThan(1.1 * run.figure(name + ", squared test error of the widest"));
            assertThat(run.figure(name + ", wrong test images at the peak"))
                    .as(name)
                    .isGreaterThan(run.figure(name + ", wrong test images of the widest"));
        }
        assertThat(run.figure("Random features, features at the peak over those of the threshold"))
                .isEqualTo(1);
        assertThat(run.figure("Networks, hidden units at the peak over those of the threshold"))
                .isBetween(0.25, 4.0);
        assertThat(run.result().isFinished()).isTrue();
    }
}
