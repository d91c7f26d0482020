package dev.fathom.experiments.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** {@link Averages} on numbers whose answers are known. */
class AveragesTest {
    @Test
    void theNumbersAreThoseOfTheirDefinitions() {
        assertThat(Averages.mean(1, 2, 6)).isEqualTo(3);
        assertThat(Averages.median(6, 1, 2)).isEqualTo(2);
        assertThat(Averages.median(6, 1, 2, 4)).isEqualTo(3);
        assertThat(Averages.deviation(2, 4, 4, 4, 5, 5, 7, 9)).isCloseTo(Math.sqrt(32 / 7.0), within(1e-12));
        assertThat(Averages.norm(3, -4)).isEqualTo(5);
        assertThat(Averages.doubles(0.5f, 2)).containsExactly(0.5, 2);
        assertThat(Averages.mean()).isNaN();
        assertThat(Averages.median()).isNaN();
    }

    /** The quantiles of t that tables print: 12.706 for one degree of freedom, 2.262 for nine. */
    @Test
    void theIntervalOfAMeanIsStudents() {
        assertThat(Averages.interval95(0, 2)).isCloseTo(12.706, within(1e-3));
        double[] ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        assertThat(Averages.interval95(ten)).isCloseTo(2.262157 * 3.0276504 / Math.sqrt(10), within(1e-5));
        assertThatThrownBy(() -> Averages.interval95(1)).hasMessage("interval: 1 numbers; give at least two");
    }
}
