package dev.fathom.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The densities that are fitted to examples. */
class DensitiesTest {
    @Test
    void theFrechetDistanceOfGaussiansIsKnown() {
        Gaussian a = new Gaussian(new double[] {0, 0}, new double[] {4, 0, 0, 9});
        Gaussian b = new Gaussian(new double[] {3, 4}, new double[] {1, 0, 0, 1});
        assertThat(a.frechet(b)).isCloseTo(25 + 1 + 4, within(1e-9));
        assertThat(a.frechet(a)).isCloseTo(0, within(1e-9));
        Gaussian turned = new Gaussian(new double[] {0, 0}, new double[] {2, 1, 1, 2});
        // eigenvalues 1 and 3 against 1 and 1
        assertThat(turned.frechet(new Gaussian(new double[] {0, 0}, new double[] {1, 0, 0, 1})))
                .isCloseTo(Math.pow(Math.sqrt(3) - 1, 2), within(1e-9));
        Gaussian fitted = Gaussian.fit(new float[] {1, 2, 3, 6}, 2);
        assertThat(fitted.mean()).containsExactly(2, 4);
        assertThat(fitted.covariance()).containsExactly(2, 4, 4, 8);
    }

    @Test
    void theParzenWindowIsAMeanOfGaussians() {
        float[] centers = new Rng(1).uniform(3 * 784, 0, 1);
        float[] x = new Rng(2).uniform(784, 0, 1);
        double width = 0.3;
        double[] logs = new double[3];
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < x.length; i++) {
                double d = (x[i] - centers[c * x.length + i]) / width;
                logs[c] -= d * d / 2 + Math.log(width * Math.sqrt(2 * Math.PI));
            }
        }
        double most = Arrays.stream(logs).max().orElseThrow();
        double expected =
                most + Math.log(Arrays.stream(logs).map(l -> Math.exp(l - most)).sum() / 3);
        assertThat(new ParzenWindow(centers, 784, width).logDensity(x)[0]).isCloseTo(expected, within(0.05));
    }

    /** By the formulas in one dimension: log N(3; 1, 4) and KL(N(1, 4) || N(3, 9)). */
    @Test
    void densityAndDivergenceInOneDimensionAreKnown() {
        Gaussian p = new Gaussian(new double[] {1}, new double[] {4});
        Gaussian q = new Gaussian(new double[] {3}, new double[] {9});
        assertThat(p.logDensity(3)).isCloseTo(-Math.log(2 * Math.sqrt(2 * Math.PI)) - 0.5, within(1e-12));
        assertThat(p.divergence(q)).isCloseTo(Math.log(1.5) + (4 + 4) / 18.0 - 0.5, within(1e-12));
        assertThat(p.divergence(p)).isCloseTo(0, within(1e-12));
    }

    /** C = (2, 1; 1, 2) has the determinant 3 and the inverse (2, -1; -1, 2) / 3; the other one is N(0, I). */
    @Test
    void densityAndDivergenceInThePlaneAreKnown() {
        Gaussian turned = new Gaussian(new double[] {1, 0}, new double[] {2, 1, 1, 2});
        Gaussian unit = new Gaussian(new double[2], new double[] {1, 0, 0, 1});
        // x - m = (1, 1): the square is (2 - 1 - 1 + 2) / 3
        assertThat(turned.logDensity(2, 1))
                .isCloseTo(-Math.log(2 * Math.PI) - Math.log(3) / 2 - 1.0 / 3, within(1e-12));
        assertThat(turned.divergence(unit)).isCloseTo((4 + 1 - 2 - Math.log(3)) / 2, within(1e-12));
        assertThat(unit.divergence(turned)).isCloseTo((4.0 / 3 + 2.0 / 3 - 2 + Math.log(3)) / 2, within(1e-12));
    }

    /** E log p(x) under p is the negative entropy, and the mean of log p - log q is the divergence. */
    @Test
    void theDivergenceIsTheMeanOfTheLogarithmOfTheRatio() {
        Gaussian p = new Gaussian(new double[] {0.5, -1}, new double[] {1.25, 0.5, 0.5, 1});
        Gaussian q = new Gaussian(new double[] {0, 0}, new double[] {2, -0.3, -0.3, 1.5});
        float[] e = new Rng(1).normal(200_000, 0, 1);
        double mean = 0;
        for (int i = 0; i < e.length; i += 2) { // x = m + L e with L = (1, 0.5; 0, 1), whose L L' is p's covariance
            double[] x = {0.5 + e[i] + 0.5 * e[i + 1], -1 + e[i + 1]};
            mean += 2 * (p.logDensity(x) - q.logDensity(x)) / e.length;
        }
        assertThat(p.divergence(q)).isCloseTo(mean, within(0.01));
    }

    @Test
    void whatIsNoDensityIsRefused() {
        refused(
                () -> Gaussian.fit(new float[3], 2),
                "gaussian: 3 numbers are not two or more rows of 2; give all numbers of at least two rows");
        refused(
                () -> Gaussian.fit(new float[] {1, 2, 3, Float.NaN}, 2),
                "gaussian: row 1, column 1 is NaN; replace it, or leave the row out");
        refused(
                () -> new Gaussian(new double[2], new double[2]),
                "gaussian: 2 means with 2 covariances; give at least one mean, and [d, d] covariances for d of them");
        Gaussian one = new Gaussian(new double[1], new double[1]);
        Gaussian two = new Gaussian(new double[2], new double[] {1, 0, 0, 1});
        String other = "gaussian: the other mean has 2 numbers, but the mean has 1; give as many";
        refused(() -> one.frechet(two), other);
        refused(() -> one.divergence(two), other);
        refused(() -> two.logDensity(1), "gaussian: x has 1 numbers, but the mean has 2; give as many");
        refused(
                () -> one.logDensity(0),
                "gaussian: the least variance along an axis is 0.0, so there is no density; give a covariance that is"
                        + " not singular, such as one of more rows");
        refused(() -> new ParzenWindow(new float[2], 2, 0), "parzen_window: width=0.0 must be above 0 and finite");
        refused(
                () -> new ParzenWindow(new float[2], 2, 1).logDensity(1, 2, 3),
                "parzen_window: 3 numbers are not whole rows of 2; give all numbers of each");
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
