package dev.fathom.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nets.MeanField;
import dev.fathom.op.Activation;
import org.junit.jupiter.api.Test;

/** The theory of signals behind an activation, beside closed forms. */
class MeanSignalTest {
    /**
     * E[relu²] = q / 2 and E[relu'²] = 1 / 2; for tanh as the library's own theory; for SELU mean 0 and variance 1
     * stay.
     */
    @Test
    void theSignalsBehindOtherActivations() {
        MeanSignal relu = MeanSignal.of(Activation.RELU, 3);
        assertThat(relu.square()).isCloseTo(1.5, within(1e-3));
        assertThat(relu.slope()).isCloseTo(0.5, within(1e-3));
        assertThat(relu.mean()).isCloseTo(Math.sqrt(3 / (2 * Math.PI)), within(1e-3));
        MeanSignal selu = MeanSignal.of(Activation.SELU, 1);
        assertThat(selu.mean()).isCloseTo(0, within(2e-3));
        assertThat(selu.square()).isCloseTo(1, within(2e-3));
        MeanField tanh = new MeanField(1, 0);
        assertThat(MeanSignal.of(Activation.TANH, 0.7).square()).isCloseTo(tanh.next(0.7), within(1e-5));
        assertThat(MeanSignal.of(Activation.TANH, 0.7).slope()).isCloseTo(tanh.chi(0.7), within(1e-5));
    }

    @Test
    void aVarianceIsNotNegative() {
        assertThatThrownBy(() -> MeanSignal.of(Activation.RELU, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("q");
    }
}
