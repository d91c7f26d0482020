package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The critical line of tanh, its fixed points, and a wide network that does what the theory says. */
class MeanFieldTest {
    /** Computed by Gauss-Hermite quadrature in double precision. */
    @ParameterizedTest
    @CsvSource({
        "16, 1.11538062, 2.368768e-4",
        "32, 1.05986773, 3.428447e-5",
        "64, 1.03055751, 4.651333e-6",
        "100, 1.01971076, 1.257996e-6",
        "128, 1.01544708, 6.073570e-7",
        "256, 1.00776739, 7.765436e-8",
        "512, 1.00389489, 9.819090e-9",
        "1000, 1.00199701, 1.325383e-9",
        "10000, 1.00019997, 1.332534e-12"
    })
    void theCriticalLine(int depth, double weightVariance, double biasVariance) {
        double q = 1.0 / depth;
        MeanField field = MeanField.critical(q);
        assertThat(field.weightVariance()).isCloseTo(weightVariance, within(5.1e-9));
        assertThat(field.biasVariance() / biasVariance).isCloseTo(1, within(5e-7));
        assertThat(field.chi(q)).isCloseTo(1, within(1e-12));
        assertThat(field.fixedPoint() / q).isCloseTo(1, within(1e-6));
        assertThat(field.gain()).isEqualTo((float) Math.sqrt(field.weightVariance()));
    }

    /**
     * Where sigma_b = 0 the line passes (1, 0): below, all signals die, above, they come to rest above 0 and gradients
     * explode.
     */
    @Test
    void orderAndChaos() {
        MeanField order = new MeanField(0.8, 0);
        assertThat(order.fixedPoint()).isZero();
        assertThat(order.chi(0)).isCloseTo(0.8, within(1e-12));
        MeanField biased = new MeanField(0.8, 0.3);
        assertThat(biased.next(biased.fixedPoint())).isCloseTo(biased.fixedPoint(), within(1e-12));
        assertThat(biased.chi(biased.fixedPoint())).isBetween(0.1, 0.9);
        MeanField chaos = new MeanField(2.5, 0);
        assertThat(chaos.next(chaos.fixedPoint())).isCloseTo(chaos.fixedPoint(), within(1e-12));
        assertThat(chaos.fixedPoint()).isGreaterThan(0.3);
        assertThat(chaos.chi(chaos.fixedPoint())).isGreaterThan(1.05);
        // far up the line all of tanh matters: E[tanh^2] nears 1 and q is sigma_w^2 + sigma_b^2
        MeanField far = MeanField.critical(50);
        assertThat(far.chi(50)).isCloseTo(1, within(1e-12));
        assertThat(far.fixedPoint()).isCloseTo(50, within(1e-9));
    }

    /** Variance after each of eight layers, which a width of 1,000 meets within a few hundredths. */
    @Test
    void aWideNetworkFollowsTheMap() {
        MeanField field = new MeanField(1.7, 0.05);
        int width = 1000;
        double q = 0;
        try (Pass pass = Pass.infer(new Rng(4))) {
            Tensor x = pass.randn(20, width);
            for (int layer = 0; layer < 8; layer++) {
                Linear linear = new Linear(width, width, field.gaussian()).withBias(field.bias());
                try (var model = Model.of(linear, layer)) {
                    Tensor before = linear.apply(layer == 0 ? x : Pass.apply(Activation.TANH, x));
                    q = layer == 0 ? 1.7 + 0.05 : field.next(q);
                    assertThat((double) before.square().mean().item())
                            .as("layer %d", layer)
                            .isCloseTo(q, within(0.08 * q));
                    x = Tensor.of(before.toArray(), 20, width);
                }
            }
        }
    }

    @Test
    void whatHasNoSenseIsRefused() {
        assertThatThrownBy(() -> MeanField.critical(0)).hasMessage("MeanField.critical: q=0.0 must be in (0, 100]");
        assertThatThrownBy(() -> MeanField.critical(Double.NaN))
                .hasMessage("MeanField.critical: q=NaN must be in (0, 100]");
        assertThatThrownBy(() -> new MeanField(-1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("MeanField: weightVariance=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new MeanField(Double.MAX_VALUE, Double.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("MeanField: weightVariance=1.7976931348623157E308 and biasVariance=1.7976931348623157E308"
                        + " have an infinite sum, which bounds the fixed point; give smaller variances");
    }
}
