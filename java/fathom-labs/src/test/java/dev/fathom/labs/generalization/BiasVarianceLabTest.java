package dev.fathom.labs.generalization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.SineSample;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab bias-variance}: the parts of the error where they are known, and the short form. */
class BiasVarianceLabTest {
    private static final List<String> FAMILIES =
            List.of("Polynomials", "Natural splines", "Nearest neighbors", "Networks");

    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        run = ShortRun.of(new BiasVarianceLab(), 1, folder);
    }

    private static List<SineSample> samples(int n, int points) {
        return IntStream.range(0, n)
                .mapToObj(s -> SineSample.draw(points, new Rng(5).split(s)))
                .toList();
    }

    /** A constant 0 has no variance and the sine's mean square, (1 - sin(10) / 10) / 2, as squared bias. */
    @Test
    void aConstant() {
        Family zero = new Family(
                "zero",
                "",
                new int[] {0},
                (c, samples, places) ->
                        Arrays.stream(places).map(p -> new double[p.length]).toArray(double[][]::new));
        Decomposition parts = Decomposition.of(zero, 0, samples(50, 20), new Rng(1));
        assertThat(parts.variance()).isZero();
        assertThat(parts.bias()).isCloseTo(0.5272010555, within(1e-4));
        assertThat(parts.sum()).isCloseTo(0.5272010555 + 0.09, within(1e-4));
        assertThat(Math.abs(parts.off())).isLessThan(4);
    }

    /** The mean of n points has the variance Var(y) / n = (0.5272 + 0.09) / n. */
    @Test
    void theMean() {
        Family mean = new Family("mean", "", new int[] {0}, (c, samples, places) -> {
            double[][] all = new double[samples.size()][];
            for (int s = 0; s < all.length; s++) {
                all[s] = new double[places[s].length];
                Arrays.fill(all[s], Arrays.stream(samples.get(s).y()).average().orElseThrow());
            }
            return all;
        });
        Decomposition parts = Decomposition.of(mean, 0, samples(2000, 10), new Rng(1));
        assertThat(parts.variance()).isCloseTo(0.0617201, within(0.006)); // three standard errors
        assertThat(parts.bias()).isCloseTo(0.5272010555, within(2e-3));
    }

    @Test
    void biasFallsAndVarianceRises() {
        for (String family : FAMILIES) {
            assertThat(run.figure(family + ", squared bias of the most complex model"))
                    .as(family)
                    .isLessThan(0.1 * run.figure(family + ", squared bias of the simplest model"));
            if (!family.equals("Networks")) { // wide networks vary less than narrow ones, which end in many minima
                assertThat(run.figure(family + ", variance of the most complex model"))
                        .as(family)
                        .isGreaterThan(2 * run.figure(family + ", variance of the simplest model"));
            }
            assertThat(run.figure(family + ", least test error")).as(family).isBetween(0.09, 0.25);
        }
        assertThat(run.figure("Polynomials, degree of the least test error")).isBetween(5.0, 9.0);
        assertThat(run.figure("Natural splines, basis functions of the least test error"))
                .isBetween(5.0, 12.0);
    }

    @Test
    void theSumIsTheMeasuredError() {
        assertThat(run.figure("Largest difference between sum and measured error, in standard errors"))
                .isLessThan(4);
        assertThat(run.result().isFinished()).isTrue();
        for (String file : new String[] {
            "polynomials.png", "natural-splines.png", "nearest-neighbors.png", "networks.png", "report.html"
        }) {
            assertThat(folder.resolve(file)).isNotEmptyFile();
        }
    }
}
