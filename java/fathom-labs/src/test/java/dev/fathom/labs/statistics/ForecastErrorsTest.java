package dev.fathom.labs.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Mean absolute error and R2, by hand. */
class ForecastErrorsTest {
    private static final double[] Y = {1, 2, 3, 6};

    @Test
    void byHand() {
        double[] forecast = {2, 2, 1, 5};
        assertThat(ForecastErrors.meanAbsolute(Y, forecast)).isEqualTo(1);
        assertThat(ForecastErrors.r2(Y, forecast)).isCloseTo(1 - 6.0 / 14, within(1e-15));
        assertThat(ForecastErrors.r2(Y, Y)).isEqualTo(1);
        assertThat(ForecastErrors.r2(Y, new double[] {3, 3, 3, 3})).isZero();
    }
}
