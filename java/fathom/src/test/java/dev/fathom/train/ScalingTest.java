package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.train.Scaling.Sum;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times of steps on several workers, beside what was computed by hand. */
class ScalingTest {
    private static final Offset<Double> NEAR = within(1e-12);
    /** A step of one second, 100 MB at 1 GB/s, and a latency of a tenth of a millisecond. */
    private static final Scaling NET = new Scaling(1, 0, 1e8, 1, 1_000_000, 1e-4, 1e9);

    /** 100 MB are 48 rounds of 2 MB, so that the mesh sends 49 times. */
    @ParameterizedTest
    @CsvSource({
        "MESH, 2, 0.1098", // 2 * 49 * 0.0001 + 0.1
        "RING, 2, 0.1002",
        "HALVING, 2, 0.1002",
        "TREE, 2, 0.2002",
        "MESH, 4, 0.1794", // 6 * 49 * 0.0001 + 0.15
        "RING, 4, 0.1506",
        "HALVING, 4, 0.1504",
        "TREE, 4, 0.4004",
        "HALVING, 5, 0.1606", // three levels
        "TREE, 8, 0.6006",
        "RING, 1024, 0.4044046875", // 2046 * 0.0001 + 2046 / 1024 * 0.1
        "HALVING, 1024, 0.2018046875",
        "TREE, 1024, 2.002"
    })
    void theSumsTakeWhatTheirFormulasSay(Sum by, int workers, double seconds) {
        assertThat(NET.exchange(by, workers)).isCloseTo(seconds, NEAR);
        assertThat(NET.seconds(by, workers))
                .isCloseTo(1.0 / workers + seconds, within(1e-6)); // a millionth is beside it
        Scaling local = new Scaling(1, 0, 1e8, 8, 1, 1e-4, 1e9);
        assertThat(local.exchange(by, workers)).isCloseTo(seconds / 8, NEAR);
        assertThat(local.seconds(by, workers)).isCloseTo(1.0 / workers + seconds / 8, NEAR);
    }

    /** Of 0.1002 s around a ring of two. What is left at the end takes 2 * 0.0001 + 0.002097152 s. */
    @ParameterizedTest
    @CsvSource({
        "0, 16, 2, 0.05853333333333333", // 0.1002 - 2 / 3 / 16
        "0.2, 16, 2, 0.06686666666666667", // 0.1002 - 2 / 3 * 0.8 / 16
        "0, 4, 2, 0.002297152", // 0.1667 s of backward
        "0, 1, 2, 0.002297152", // as 2 shards
        "0, 1, 4, 0.003745728" // 6 * 0.0001 + 1.5 * 0.002097152
    })
    void theSumGoesOnBesideBackward(double alone, int shards, int workers, double seconds) {
        Scaling scaling = new Scaling(1, alone, 1e8, 1, shards, 1e-4, 1e9);
        assertThat(scaling.waiting(Sum.RING, workers)).isCloseTo(seconds, NEAR);
        assertThat(scaling.seconds(Sum.RING, workers)).isCloseTo(alone + (1 - alone) / workers + seconds, NEAR);
        assertThat(scaling.waiting(Sum.RING, 1)).isZero();
        Scaling small = new Scaling(1, alone, 1e6, 1, shards, 1e-4, 1e9); // is there at the end
        assertThat(small.waiting(Sum.RING, workers)).isEqualTo(small.exchange(Sum.RING, workers));
    }

    @Test
    void speedupAndEfficiency() {
        for (Sum by : Sum.values()) {
            assertThat(NET.exchange(by, 1)).isZero();
            assertThat(NET.efficiency(by, 1)).isEqualTo(1);
        }
        Scaling amdahl = new Scaling(1, 0.2, 0, 1, 1, 0, 1e9);
        assertThat(amdahl.seconds(Sum.RING, 4)).isCloseTo(0.4, NEAR);
        assertThat(amdahl.speedup(Sum.RING, 4)).isCloseTo(2.5, NEAR);
        assertThat(amdahl.efficiency(Sum.RING, 4)).isCloseTo(0.625, NEAR);
    }

    /** What it takes is put back into the formula of the efficiency. */
    @ParameterizedTest
    @CsvSource({
        "0.2, 8, 1, 2, 0.5, 0.22505", // 0.2 + 2 * 0.1002 / 8
        "0, 1, 16, 4, 0.8, 1.44576", // 4 * 0.1506 * 0.8 / (0.2 + 0.8 * 4 * 2 / 3 / 16)
        "0, 1, 2, 2, 0.8, 0.218618", // 2 * 0.1002 * 0.8 / (0.2 + 0.8 * 2 / 3)
        "0.2, 1, 16, 4, 0.8, 2.96576", // (3 * 0.2 + 4 * 0.1506 + 0.2 / 6) * 0.8 / (1 / 3)
        "0.5, 1, 1, 2, 0.8, 2.0183772", // (0.5 + 2 * 0.002297152) * 4, because all but the last gradients is hidden
        "0.5, 1, 16, 2, 0.25, 0.5" // with an efficiency of more, because it takes what every worker takes
    })
    void theLeastStepIsTheOneOfTheEfficiency(
            double alone, int every, int shards, int workers, double efficiency, double seconds) {
        double least = new Scaling(3, alone, 1e8, every, shards, 1e-4, 1e9).leastStep(Sum.RING, workers, efficiency);
        assertThat(least).isCloseTo(seconds, within(1e-5 * seconds));
        double found = new Scaling(least, alone, 1e8, every, shards, 1e-4, 1e9).efficiency(Sum.RING, workers);
        if (least > alone) {
            assertThat(found).isCloseTo(efficiency, NEAR);
        } else {
            assertThat(found).isGreaterThan(efficiency);
        }
    }

    /** A failure of a worker in 20,000 s: of two, one in 10,000 s. */
    @Test
    void checkpointsAndRestarts() {
        Scaling.Failures failures = new Scaling.Failures(2, 50, 20_000);
        assertThat(failures.interval(2)).isCloseTo(200, NEAR); // sqrt(2 * 2 * 10,000)
        assertThat(failures.lost(2)).isCloseTo(0.025, NEAR); // 2 / 200 + (100 + 50) / 10,000
        assertThat(failures.interval(8)).isCloseTo(100, NEAR);
        assertThat(failures.lost(8)).isCloseTo(0.06, NEAR);
    }

    @Test
    void numbersThatCannotBeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling(0, 0, 1, 1, 1, 0, 1))
                .withMessage("scaling: step=0.0 must be above 0 and finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling(1, 2, 1, 1, 1, 0, 1))
                .withMessage("scaling: alone=2.0 must be from 0 to step=1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling(1, 0, 1, 1, 1, Double.NaN, 1))
                .withMessage("scaling: latency=NaN must be 0 or more and finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling(1, 0, -1, 1, 1, 0, 1))
                .withMessage("scaling: bytes=-1.0 must be 0 or more and finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling(1, 0, 1, 1, 1, 0, Double.NaN))
                .withMessage("scaling: bandwidth=NaN must be above 0 and finite");
        assertThatIllegalArgumentException().isThrownBy(() -> new Scaling(1, 0, 1, 0, 1, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Scaling(1, 0, 1, 1, 0, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> NET.seconds(Sum.RING, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NET.leastStep(Sum.RING, 2, 1))
                .withMessage("scaling: efficiency=1.0 must be in (0, 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Scaling.Failures(1, -1, 1))
                .withMessage("scaling: restart=-1.0 must be 0 or more and finite");
    }
}
