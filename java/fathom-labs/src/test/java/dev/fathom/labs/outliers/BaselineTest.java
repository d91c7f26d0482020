package dev.fathom.labs.outliers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.assess.Ranking;
import dev.fathom.labs.CommandLineRun;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The methods without a network, against scikit-learn and against floors that were computed by another program. */
class BaselineTest {
    private record Golden(
            float[] learned,
            float[] asked,
            double[] factors_own,
            double[] factors,
            double[] machine,
            double[] forest,
            float[] one,
            float[] two,
            double[] profile_self,
            double[] profile) {}

    private static Golden golden() throws IOException {
        Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/outliers.json");
        try (Reader in = Files.newBufferedReader(file)) {
            return new Gson().fromJson(in, Golden.class);
        }
    }

    private static float[][] rows(float[] values, int columns) {
        return IntStream.range(0, values.length / columns)
                .mapToObj(r -> Arrays.copyOfRange(values, r * columns, (r + 1) * columns))
                .toArray(float[][]::new);
    }

    @Test
    void factorsAndMachineAreThoseOfScikitLearn() throws IOException {
        Golden golden = golden();
        float[][] learned = rows(golden.learned, 3);
        float[][] asked = rows(golden.asked, 3);
        LocalOutlierFactor factor = LocalOutlierFactor.of(learned, 6);
        assertThat(factor.own()).containsExactly(golden.factors_own, within(1e-5));
        assertThat(factor.scores(asked)).containsExactly(golden.factors, within(1e-5));
        OneClassSvm machine = OneClassSvm.of(learned, 0.1);
        assertThat(machine.scores(asked)).containsExactly(golden.machine, within(1e-3));
        assertThat(Arrays.stream(machine.weights()).sum()).isCloseTo(8, within(1e-9));
    }

    /** Two forests of random trees agree where there are many trees. */
    @Test
    void aLargeForestScoresAsThatOfScikitLearn() throws IOException {
        Golden golden = golden();
        IsolationForest forest = IsolationForest.of(rows(golden.learned, 3), 4000, 64, new Rng(2));
        assertThat(forest.scores(rows(golden.asked, 3))).containsExactly(golden.forest, within(0.012));
        assertThat(IsolationForest.unsuccessful(256)).isCloseTo(10.2447, within(1e-4)); // c(256) of the paper
        assertThat(IsolationForest.unsuccessful(2)).isEqualTo(1);
    }

    @Test
    void theProfileIsThatOfAllPairs() throws IOException {
        Golden golden = golden();
        float[][] one = rows(golden.one, 2);
        assertThat(MatrixProfile.of(one, one, 8, 4)).containsExactly(golden.profile_self, within(1e-5));
        assertThat(MatrixProfile.of(one, rows(golden.two, 2), 8, 0)).containsExactly(golden.profile, within(1e-5));
        float[][] flat = new float[20][1];
        assertThat(MatrixProfile.of(flat, flat, 4, 2)).containsOnly(0);
        float[][] step = new float[20][1];
        step[10][0] = 1;
        assertThat(MatrixProfile.of(step, flat, 4, 0)[8]).isCloseTo(2, within(1e-9)); // sqrt(m): one window is constant
    }

    /**
     * ROC-AUC and average precision of both floors on whole series, computed by another program in double precision.
     */
    @Test
    void theLinearFloorsAreTheKnownOnes() {
        CommandLineRun.assumeData("ecg");
        CommandLineRun.assumeData("nab");
        LabeledSeries chf13 = OutlierData.chf13(null);
        assertThat(chf13.outliers()).hasSize(3750);
        assertThat(IntStream.range(0, 3750).filter(t -> chf13.outliers()[t]).count())
                .isEqualTo(159);
        floors(chf13, .6801, .2027, .7210, .3230);
        List<LabeledSeries> nab = OutlierData.nab(null, name -> true);
        assertThat(nab).hasSize(20);
        floors(named(nab, "machine_temperature_system_failure"), .8322, .6036, .5537, .1470);
        floors(named(nab, "ambient_temperature_system_failure"), .7622, .3209, .5201, .1052);
        floors(named(nab, "cpu_utilization_asg_misconfiguration"), .7607, .2207, .8121, .2008);
        floors(named(nab, "art_load_balancer_spikes"), .5876, .2134, .7665, .3772);
        floors(named(nab, "speed_7578"), .6223, .3553, .7932, .4149);
        floors(named(nab, "nyc_taxi"), .5150, .1389, .4806, .0981);
        floors(named(nab, "art_daily_jumpsup"), .5275, .3514, .5416, .1661);
        // below chance, and not turned over
        assertThat(squares(named(nab, "art_daily_flatmiddle")).rocAuc()).isCloseTo(.3111, within(1.1e-4));
        assertThat(squares(named(nab, "art_daily_jumpsdown")).rocAuc()).isCloseTo(.2524, within(1.1e-4));
        assertThat(squares(named(nab, "art_daily_nojump")).rocAuc()).isCloseTo(.3704, within(1.1e-4));
    }

    private static LabeledSeries named(List<LabeledSeries> all, String name) {
        return all.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    }

    private static Ranking squares(LabeledSeries series) {
        return series.ranking(Baseline.SQUARES.scores(series, 1));
    }

    private static void floors(LabeledSeries series, double... expected) {
        Ranking principal = series.ranking(Baseline.PRINCIPAL.scores(series, 1));
        double[] measured = {
            squares(series).rocAuc(),
            squares(series).averagePrecision(),
            principal.rocAuc(),
            principal.averagePrecision()
        };
        assertThat(measured).as(series.name()).containsExactly(expected, within(1.1e-4));
    }
}
