package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.ShortRun;
import dev.fathom.optim.Schedule;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab rates}: its short form. */
class RatesLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new RatesLab(), 1, folder);
    }

    @Test
    void theBestRateGrowsWithTheBatch() {
        assertThat(run.figure("Power of the batch size by which the best rate grows"))
                .isBetween(0.2, 1.2);
        assertThat(run.figure("Batch 1024, best rate")).isGreaterThan(run.figure("Batch 16, best rate"));
        for (int batch : new int[] {16, 64, 256}) {
            assertThat(run.figure("Batch " + batch + ", accuracy with the best rate"))
                    .as("batch " + batch)
                    .isGreaterThan(65);
        }
    }

    /** A best rate in proportion to the batch grows as its power 1, a rate that stays as its power 0. */
    @Test
    void thePowerIsThatOfTheBatch() {
        int[] batches = BatchGrid.BATCHES;
        double[] powers = {0, 0.5, 1};
        for (double power : powers) {
            double[] rates = IntStream.of(batches)
                    .mapToDouble(b -> 0.3 * Math.pow(b, power))
                    .toArray();
            assertThat(BatchGrid.slope(rates)).isCloseTo(power, within(1e-9));
            assertThat(BatchGrid.slope(Arrays.copyOf(rates, BatchGrid.SMALL))).isCloseTo(power, within(1e-9));
        }
    }

    /** A batch 8 times as large begins with the rate of the smallest and rises to 8 times that rate in an epoch. */
    @Test
    void theRateRisesToThatOfTheLinearScalingRule() {
        Schedule rule = ScaledRates.rule(8 * BatchGrid.BATCHES[0]);
        assertThat(rule.factor(0, 0)).isCloseTo(1, within(1e-12));
        assertThat(rule.factor(0.5, 5)).isCloseTo(4.5, within(1e-12));
        assertThat(rule.factor(1, 10)).isCloseTo(8, within(1e-12));
        assertThat(rule.factor(3, 30)).isCloseTo(8, within(1e-12));
        assertThat(ScaledRates.rule(BatchGrid.BATCHES[0]).factor(0.5, 5)).isCloseTo(1, within(1e-12));
    }

    @Test
    void theRangeFinderSuggestsAnOrdinaryRateForEachOptimizer() {
        double descent = run.figure("Gradient descent, rate that the range finder suggests");
        assertThat(descent).isBetween(0.01, 1.0);
        assertThat(run.figure("Momentum, rate that the range finder suggests")).isLessThan(descent);
        assertThat(run.figure("Adam, rate that the range finder suggests")).isBetween(1e-4, 1e-2);
    }

    @Test
    void batchesThatGrowDoWhatARateThatFallsDoes() {
        assertThat(run.figure("Training loss, batch growth")).isLessThan(0.6);
        assertThat(run.figure("Test accuracy, batch growth")).isGreaterThan(70);
        assertThat(run.out()).containsPattern("constant +192").containsPattern("batch x 4 +84");
    }

    @Test
    void earlyStoppingKeepsALowerTestLossThanAllEpochs() {
        assertThat(run.figure("Test loss with early stopping"))
                .isLessThan(Objects.requireNonNull(run.figures().stream()
                        .filter(f -> f.name().equals("Test loss with early stopping"))
                        .findFirst()
                        .orElseThrow()
                        .baseline()));
    }

    @Test
    void l1MakesWeightsZero() {
        double l1 = run.figure("L1, λ = 0.0002, weights near 0");
        assertThat(l1).isGreaterThan(5 * run.figure("L2, λ = 0.001, weights near 0"));
        assertThat(run.figure("L2, λ = 0.001, weights near 0")).isGreaterThan(run.figure("Plain, weights near 0"));
    }

    @Test
    void temperatureCalibratesANetworkThatIsTooSure() {
        double before = run.figure("Plain, ECE");
        assertThat(run.figure("Plain, ECE after temperature scaling")).isLessThan(before / 2);
        assertThat(run.figure("Label smoothing 0.1, ECE")).isLessThan(before);
    }

    @Test
    void thePageHasItsPictures() {
        for (String file : List.of("grid", "scaling", "range", "growth", "stopping", "weights", "reliability")) {
            assertThat(folder.resolve(file + ".png")).isNotEmptyFile();
        }
        assertThat(run.result().isFinished()).isTrue();
    }
}
