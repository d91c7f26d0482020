package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * What a decoder reads in training: shifted targets, the three schedules of Bengio et al. 2015, and draws that have the
 * right shares.
 */
class ScheduledSamplingTest {
    @Test
    void schedulesFall() {
        ScheduledSampling linear = ScheduledSampling.linear(0.01, 0.25);
        assertThat(linear.probability(0)).isEqualTo(1);
        assertThat(linear.probability(50)).isEqualTo(0.5);
        assertThat(linear.probability(1000)).isEqualTo(0.25);
        assertThat(ScheduledSampling.exponential(0.9).probability(2)).isCloseTo(0.81, within(1e-12));
        ScheduledSampling sigmoid = ScheduledSampling.inverseSigmoid(10);
        assertThat(sigmoid.probability(0)).isCloseTo(10 / 11.0, within(1e-12));
        assertThat(sigmoid.probability(23)).isCloseTo(10 / (10 + Math.exp(2.3)), within(1e-12));
        assertThat(sigmoid.probability(100_000)).isZero();
        assertThat(ScheduledSampling.never().probability(7)).isEqualTo(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScheduledSampling.linear(-1, 0))
                .withMessage("ScheduledSampling.linear: slope=-1.0 must be 0 or more and finite");
        assertThatIllegalArgumentException().isThrownBy(() -> ScheduledSampling.exponential(2));
        assertThatIllegalArgumentException().isThrownBy(() -> ScheduledSampling.inverseSigmoid(0.5));
    }

    @Test
    void drawsHaveTheirShares() {
        int n = 40_000;
        float[] logits = new float[3 * n];
        double[] p = {0.2, 0.5, 0.3};
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(p[i % 3]);
        }
        int[] truth = new int[n];
        java.util.Arrays.fill(truth, 7);
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor x = pass.watch(Tensor.of(logits, n, 3));
            Tensor t = Tensor.ofInts(truth, n);
            double[] shares = new double[8];
            Tensor next = ScheduledSampling.linear(0.1, 0).next(t, x, 6);
            assertThat(next.needsGradient()).isFalse();
            for (int token : next.toIntArray()) {
                shares[token] += 1.0 / n;
            }
            assertThat(shares)
                    .containsExactly(new double[] {0.6 * 0.2, 0.6 * 0.5, 0.6 * 0.3, 0, 0, 0, 0, 0.4}, within(0.01));
            assertThat(ScheduledSampling.never().next(t, x, 6)).isSameAs(t);
            assertThat(ScheduledSampling.linear(1, 0).next(t, x, 1).toIntArray())
                    .doesNotContain(7);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ScheduledSampling.never().next(t, x.slice(0, 0, 5), 0))
                    .withMessage("scheduled_sampling: tokens [40000] and logits [5, 3] disagree; give [n] and [n, "
                            + "vocabulary]");
            ScheduledSampling wrong = step -> 2;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> wrong.next(t, x, 3))
                    .withMessage("scheduled_sampling: the probability at step 3 is 2.0 and must be in [0, 1]");
        }
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() ->
                            ScheduledSampling.linear(1, 0).next(Tensor.ofInts(new int[1], 1), Tensor.zeros(1, 2), 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no random numbers");
        }
    }

    @Test
    void teacherForcingShifts() {
        try (Pass pass = Pass.infer()) {
            Tensor targets = Tensor.ofInts(new int[] {4, 5, 6, 7, 8, 9}, 2, 3);
            assertThat(ScheduledSampling.shifted(targets, 1).toIntArray()).containsExactly(1, 4, 5, 1, 7, 8);
            assertThat(ScheduledSampling.shifted(targets.slice(1, 0, 1), 1).toIntArray())
                    .containsExactly(1, 1);
            assertThat(ScheduledSampling.shifted(targets.slice(1, 0, 0), 1).size())
                    .isZero();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ScheduledSampling.shifted(Tensor.zeros(2, 3), 1))
                    .withMessage("shifted: targets [2, 3] are F32; give I32 [n, length]");
        }
    }
}
