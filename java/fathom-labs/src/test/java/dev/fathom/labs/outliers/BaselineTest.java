package dev.fathom.labs.outliers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.assess.Ranking;
import dev.fathom.labs.CommandLineRun;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The linear methods against floors that were computed by another program. */
class BaselineTest {
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
