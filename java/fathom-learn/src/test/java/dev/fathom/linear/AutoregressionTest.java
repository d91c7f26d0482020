package dev.fathom.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Autoregressions of series that are known. */
class AutoregressionTest {
    /** Many steps ahead the forecast of x[t] = a + b x[t - 1] is b^h x + a (1 - b^h) / (1 - b). */
    @Test
    void anAutoregressionGoesOnFromItsOwnForecasts() {
        double[] x = new double[400];
        float[] noise = new Rng(8).normal(x.length, 0, 1);
        for (int t = 1; t < x.length; t++) {
            x[t] = 2 + 0.8 * x[t - 1] + noise[t];
        }
        Autoregression fit = Autoregression.fit(new double[][] {Arrays.copyOf(x, 300)}, 1, List.of(List.of(0)));
        double a = fit.fits().get(0).intercept().value();
        double b = fit.fits().get(0).coefficients().get(0).value();
        assertThat(a).isCloseTo(2, within(0.6));
        assertThat(b).isCloseTo(0.8, within(0.08));
        assertThat(fit.parameters()).isEqualTo(2);
        float[] ahead = {(float) x[319]};
        for (int h = 1; h <= 24; h++) {
            ahead = fit.next(ahead);
            double power = Math.pow(b, h);
            assertThat((double) ahead[0]).isCloseTo(power * x[319] + a * (1 - power) / (1 - b), within(1e-4));
        }
    }

    /** y[t] = x[t - 1] - x[t - 2]: only a vector autoregression of two lags can know it. */
    @Test
    void aVectorAutoregressionReadsOtherColumns() {
        float[] x = new Rng(9).normal(200, 0, 1);
        double[][] columns = new double[2][148]; // from the third row on, as y would otherwise tell its own next value
        for (int t = 2; t < 150; t++) {
            columns[0][t - 2] = x[t];
            columns[1][t - 2] = (double) x[t - 1] - x[t - 2];
        }
        Autoregression fit = Autoregression.fit(columns, 2, List.of(List.of(0), List.of(0)));
        float[] next = fit.next(x[170], 100, x[171], -100);
        assertThat(next[1]).isCloseTo(x[171] - x[170], within(1e-5f));
        assertThat(fit.parameters()).isEqualTo(3);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        double[][] columns = {{1, 2, 4, 3, 5, 9, 1, 4}};
        assertThatThrownBy(() -> Autoregression.fit(columns, 0, List.of(List.of(0))))
                .hasMessageContaining("give an order of at least 1");
        assertThatThrownBy(() -> Autoregression.fit(columns, 1, List.of(List.of(1))))
                .hasMessageContaining("for each of 1 columns its sources");
        assertThatThrownBy(() -> Autoregression.fit(columns, 7, List.of(List.of(0))))
                .isInstanceOf(IllegalArgumentException.class);
        Autoregression fit = Autoregression.fit(columns, 1, List.of(List.of(0)));
        assertThatThrownBy(() -> fit.next(1, 2)).hasMessageContaining("give 1 rows of 1");
        assertThatThrownBy(() -> new Autoregression(1, List.of(List.of(0), List.of(1)), fit.fits()))
                .hasMessageContaining("1 fits of the sources");
    }
}
