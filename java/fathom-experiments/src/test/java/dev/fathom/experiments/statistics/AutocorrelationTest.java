package dev.fathom.experiments.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;

/** Autocorrelation against NumPy. */
class AutocorrelationTest {
    @Test
    void asNumpy() {
        JsonObject golden = StatisticsGolden.ALL.getAsJsonObject("autocorrelation");
        double[] expected = StatisticsGolden.doubles(golden.get("value"));
        assertThat(Autocorrelation.of(StatisticsGolden.doubles(golden.get("x")), expected.length - 1))
                .containsExactly(expected, within(1e-14));
    }

    @Test
    void aSeriesMustBeLongerThanItsLags() {
        assertThat(Autocorrelation.of(new double[] {1, -1, 1, -1}, 3))
                .containsExactly(new double[] {1, -0.75, 0.5, -0.25}, within(1e-15));
        assertThatThrownBy(() -> Autocorrelation.of(new double[] {1, 2, 3}, 3))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("autocorrelation: the series has 3 steps, but the lag 3 takes 4; use fewer lags, or a "
                        + "longer series");
    }
}
