package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

class DiagonalGaussianTest {
    @Test
    void theDivergenceOfAPosteriorIsKnown() {
        try (Pass pass = Pass.infer(new Rng(1))) {
            DiagonalGaussian q =
                    DiagonalGaussian.of(Tensor.of(new float[] {1, 0, 0, 0, 0, 2, (float) Math.log(4), 0}, 2, 4));
            float[] divergence = q.divergence().toArray();
            assertThat((double) divergence[0]).isCloseTo(0.5, within(1e-6));
            assertThat((double) divergence[1]).isCloseTo((4 - Math.log(4) - 1) / 2 + 2, within(1e-6));
            // at z = (3, 1): -(9 / 4 + log 4 + (1 - 2)^2) / 2
            float[] density = q.unscaledLogDensity(Tensor.of(new float[] {1, 0, 3, 1}, 2, 2))
                    .toArray();
            assertThat((double) density[0]).isZero();
            assertThat((double) density[1]).isCloseTo(-(9.0 / 4 + Math.log(4) + 1) / 2, within(1e-6));
            assertThat(pass.recording()).isFalse();
        }
    }

    /** By 100,000 draws of N(-1, 9). */
    @Test
    void drawsHaveTheMeanAndTheVariance() {
        try (Pass pass = Pass.infer(new Rng(1))) {
            Tensor mean = Tensor.full(Shape.of(100_000, 1), -1);
            Tensor drawn = new DiagonalGaussian(mean, mean.mul(0).add(Math.log(9))).draw();
            assertThat((double) drawn.mean().item()).isCloseTo(-1, within(0.03));
            assertThat((double) drawn.add(1).square().mean().item()).isCloseTo(9, within(0.15));
            assertThat(pass.recording()).isFalse();
        }
    }

    /** dz/dm is 1 and the divergence has the gradients m and (s^2 - 1) / 2. */
    @Test
    void gradientsPassThroughBoth() {
        try (Pass pass = Pass.grad(new Rng(1))) {
            Tensor both = pass.watch(Tensor.of(new float[] {3, (float) Math.log(4)}, 1, 2));
            pass.backward(DiagonalGaussian.of(both).divergence().sum(), both);
            assertThat(pass.gradient(both).toArray()).containsExactly(new float[] {3, 1.5f}, within(1e-6f));
        }
    }

    @Test
    void whatHasNoTwoHalvesIsRefused() {
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> DiagonalGaussian.of(Tensor.zeros(2, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("diagonal_gaussian: [2, 3] has no two halves; give means and logarithms of variances"
                            + " side by side, [n, 2 d]");
            assertThatThrownBy(() -> new DiagonalGaussian(Tensor.zeros(2, 3), Tensor.zeros(2, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("diagonal_gaussian: means [2, 3] and logarithms [2, 2] of variances;"
                            + " give both as [n, d]");
            assertThat(pass.recording()).isFalse();
        }
    }
}
