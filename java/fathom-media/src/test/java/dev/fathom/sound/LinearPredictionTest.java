package dev.fathom.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Linear prediction of sounds that are known. */
class LinearPredictionTest {
    /** x[t] = 1.3 x[t - 1] - 0.8 x[t - 2] + e with a deviation of 0.01. */
    @Test
    void aLinearModelFindsItsCoefficients() {
        LinearPrediction truth = new LinearPrediction(8000, new double[] {1.3, -0.8}, 0.01);
        LinearPrediction found = LinearPrediction.of(8000, 2, truth.speak(80_000, new Rng(3)));
        assertThat(found.a()[0]).isCloseTo(1.3, within(0.03));
        assertThat(found.a()[1]).isCloseTo(-0.8, within(0.03));
        assertThat(found.deviation()).isCloseTo(0.01, within(0.001));
        assertThat(found.distance(truth)).isLessThan(0.5);
        assertThat(truth.distance(truth)).isZero();
    }

    /** What pulses excite, and what is left of it: the pulses. */
    @Test
    void aResidualExcitesItsSound() {
        LinearPrediction model = new LinearPrediction(8000, new double[] {1.3, -0.8}, 1);
        float[] pulse = {0, 0.5f, 0, 0, -0.25f};
        float[] sound = model.excited(pulse);
        assertThat(sound).containsExactly(new float[] {0, 0.5f, 0.65f, 0.445f, -0.1915f}, within(1e-6f));
        assertThat(model.residual(sound)).containsExactly(pulse, within(1e-6f));
        assertThat(model.excited(0.9f, 0)).containsExactly(0.9f, 1); // 1.17 is cut off
    }

    @Test
    void thePitchOfPulsesIsFound() {
        float[] pulses = new float[4000];
        for (int t = 0; t < pulses.length; t += 80) {
            pulses[t] = 1;
        }
        double[] pitch = LinearPrediction.pitch(8000, pulses);
        assertThat(pitch[0]).isEqualTo(100);
        assertThat(pitch[1]).isCloseTo(1, within(1e-9));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> LinearPrediction.of(8000, 240, new float[8000]))
                .hasMessageContaining("an order from 1 to less than the 240 samples of a frame");
        assertThatThrownBy(() -> LinearPrediction.of(8000, 12, new float[239]))
                .hasMessageContaining("give a sound of at least 30 milliseconds");
        assertThatThrownBy(() -> LinearPrediction.of(8000, 12, new float[] {Float.NaN}, filled(Float.NaN)))
                .hasMessageContaining("finite samples");
        assertThatThrownBy(() -> new LinearPrediction(8000, new double[0], 1)).hasMessageContaining("one or more");
        assertThatThrownBy(() -> LinearPrediction.pitch(100, new float[8000])).hasMessageContaining("a rate of 100");
        assertThatThrownBy(() -> LinearPrediction.pitch(8000, filled(Float.NaN)))
                .hasMessageContaining("a sample is NaN");
        LinearPrediction one = new LinearPrediction(8000, new double[] {0.5}, 1);
        assertThatThrownBy(() -> one.distance(new LinearPrediction(16_000, new double[] {0.5}, 1)))
                .hasMessageContaining("give sounds of the same rate");
    }

    private static float[] filled(float value) {
        float[] sound = new float[1000];
        Arrays.fill(sound, value);
        return sound;
    }
}
