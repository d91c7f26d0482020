package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Noise and the way back, for data whose noise is known. */
class DiffusionTest {
    /**
     * With T = 4: cos^2((t / 4 + 0.008) / 1.008 π / 2) over its value at t = 0, but for the last step, which keeps
     * 0.001.
     */
    @Test
    void theScheduleIsThatOfThePaper() {
        double[] f = new double[4];
        for (int t = 0; t < 4; t++) {
            f[t] = (1 + Math.cos((t / 4.0 + 0.008) / 1.008 * Math.PI)) / 2;
        }
        assertThat(Diffusion.cosine(4).kept())
                .containsExactly(
                        new double[] {f[1] / f[0], f[2] / f[0], f[3] / f[0], 0.001 * f[3] / f[0]}, within(1e-12));
        assertThat(Diffusion.cosine(4).steps()).isEqualTo(4);
    }

    /**
     * For Gaussian data the best prediction of the noise is linear, and the way back must end at the data's mean and
     * deviation.
     */
    @Test
    void theWayBackEndsAtTheData() {
        Diffusion diffusion = Diffusion.cosine(100);
        double[] kept = diffusion.kept();
        assertThat(kept[0]).isGreaterThan(0.99);
        assertThat(kept[99]).isLessThan(1e-4);
        double mean = 2;
        double variance = 0.25;
        Diffusion.Predictor best = (x, t) -> {
            double a = kept[t.toIntArray()[0]];
            double all = a * variance + 1 - a;
            return x.sub((float) (Math.sqrt(a) * mean)).mul((float) (Math.sqrt(1 - a) / all));
        };
        int[] steps = {0};
        float[] x = diffusion.sample(best, 100, new Rng(1), (t, now) -> steps[0]++, 20_000, 1);
        double sum = 0;
        double squares = 0;
        for (float v : x) {
            sum += v / (double) x.length;
            squares += v * v / (double) x.length;
        }
        assertThat(steps[0]).isEqualTo(100);
        assertThat(sum).isCloseTo(mean, within(0.02));
        assertThat(Math.sqrt(squares - sum * sum)).isCloseTo(0.5, within(0.03));
        try (Pass pass = Pass.train(new Rng(2))) {
            // a net that says 0 has the variance of the noise as its loss
            double loss = diffusion
                    .loss((noisy, t) -> noisy.mul(0), Tensor.ones(5000, 1))
                    .item();
            assertThat(loss).isCloseTo(1, within(0.06));
        }
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        Diffusion diffusion = Diffusion.cosine(2);
        Diffusion.Predictor none = (x, t) -> x;
        try (Pass pass = Pass.infer(new Rng(1))) {
            assertThatThrownBy(() -> diffusion.loss(none, pass.randn()))
                    .hasMessage("diffusion: x [] is no batch; give examples [n, ..]");
        }
        assertThatThrownBy(() -> diffusion.sample(none, 0, new Rng(1), (t, x) -> {}, 1))
                .hasMessage("diffusion: limit=0.0 must be above 0");
        assertThatThrownBy(() -> diffusion.sample(none, 1, new Rng(1), (t, x) -> {}))
                .hasMessage("diffusion: no dimensions; give those of the examples, [n, ..]");
        assertThatThrownBy(() -> Diffusion.cosine(0)).hasMessage("diffusion: steps=0 must be at least 1");
        assertThatThrownBy(() -> new Diffusion(new double[0])).hasMessage("diffusion: no steps; give at least one");
        assertThatThrownBy(() -> new Diffusion(new double[] {0.5, 0.6}))
                .hasMessage(
                        "diffusion: the share 0.6 comes after 0.5; give shares between 0 and 1, each below the one before");
    }
}
