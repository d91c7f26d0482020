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

    @Test
    void placesAreCountedFromTheFirst() {
        double[] numbers = {3, Double.NaN, -1, 3, -1};
        assertThat(Averages.highest(0, 5, i -> numbers[i])).isZero();
        assertThat(Averages.highest(1, 5, i -> numbers[i])).isEqualTo(3);
        assertThat(Averages.lowest(0, 5, i -> numbers[i])).isEqualTo(2);
        assertThat(Averages.lowest(3, 4, i -> numbers[i])).isEqualTo(3);
        assertThat(Averages.each(3, i -> 2 * i)).containsExactly(0, 2, 4);
        assertThat(Averages.upTo(3)).containsExactly(1, 2, 3);
        assertThat(Averages.mean(4, i -> i)).isEqualTo(1.5);
        assertThat(Averages.most(4, i -> -i)).isZero();
        assertThat(Averages.share(4, i -> i > 0)).isEqualTo(0.75);
        assertThat(Averages.furthest(new double[] {1, 5}, new double[] {3, 4})).isEqualTo(2);
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
