package dev.fathom.labs.outliers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.assess.Ranking;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.OutlierData;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The linear methods against floors that were computed by another program. */
class BaselineTest {
    /**
     * ROC-AUC and average precision of both floors on whole series, computed by another program in double precision.
     */
    @Test
    void theLinearFloorsAreTheKnownOnes() {
        TestData.assume("ecg");
        TestData.assume("nab");
        LabeledSeries chf13 = chf13();
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

    /** A floor that learns all rows scores those of both parts by their common mean, deviation and components. */
    @Test
    void floorsLearnAllRowsToo() {
        float[][] learned = new float[300][1];
        float[][] asked = new float[200][1];
        IntStream.range(0, 500)
                .forEach(t -> (t < 300 ? learned[t] : asked[t - 300])[0] = (float) Math.sin(t) + t / 100);
        float[][] all = Stream.of(learned, asked).flatMap(Stream::of).toArray(float[][]::new);
        double[][] raw = Stream.of(all).map(row -> new double[] {row[0]}).toArray(double[][]::new);
        LabeledSeries whole = LabeledSeries.of("", "", raw, raw, new boolean[500]);
        LabeledSeries split = new LabeledSeries("", "", learned, asked, new boolean[200]);
        for (Baseline[] pair : new Baseline[][] {
            {Baseline.WHOLE_SQUARES, Baseline.SQUARES}, {Baseline.WHOLE_PRINCIPAL, Baseline.PRINCIPAL}
        }) {
            double[] expected = Arrays.copyOfRange(pair[1].scores(whole, 1), 300, 500);
            assertThat(pair[0].scores(split, 1)).containsExactly(expected);
            assertThat(pair[1].scores(split, 1)).isNotEqualTo(expected);
            assertThat(pair[0].scores(whole, 1)).containsExactly(pair[1].scores(whole, 1));
        }
    }

    /** The whole electrocardiogram, without a split. */
    private static LabeledSeries chf13() {
        Path file = OutlierData.ECG_FILES.folder(null).resolve("chfdb_chf13_45590.csv");
        Table table = Table.csv(file);
        double[][] rows = IntStream.range(0, table.size())
                .mapToObj(t -> Stream.of("ch1", "ch2")
                        .mapToDouble(c -> Double.parseDouble(table.text(t, c)))
                        .toArray())
                .toArray(double[][]::new);
        boolean[] outliers = new boolean[rows.length];
        Arrays.fill(outliers, 2801, 2960, true);
        return LabeledSeries.of("ECG", "chfdb_chf13_45590", rows, rows, outliers);
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
