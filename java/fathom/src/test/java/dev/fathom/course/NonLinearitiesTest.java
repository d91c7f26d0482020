package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Activations at the points where the courses tabulate or plot them. */
class NonLinearitiesTest {
    private static final Offset<Float> CLOSE = offset(2e-7f);

    private static float[] floats(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    private static Tensor points() {
        return Tensor.of(floats(-2, -1, 0, 1, 2), 5);
    }

    private static void assertValues(Tensor y, double... expected) {
        assertThat(y.toArray()).containsExactly(floats(expected), CLOSE);
    }

    /** Course "Neural Networks", slides "Notes on non-linearity". */
    @Test
    void theTableOfNonLinearities() {
        try (Pass pass = Pass.infer()) {
            Tensor x = points();
            assertValues(x.sigmoid(), .119202922, .268941421, .5, .731058579, .880797078);
            assertValues(x.tanh(), -.964027580, -.761594156, 0, .761594156, .964027580);
            assertThat(x.relu().toArray()).containsExactly(0, 0, 0, 1, 2);
        }
    }

    /**
     * Swish x sigmoid(x): the slide calls it non-negative everywhere, but it is not: its minimum is -0.2784645 at
     * -1.278465.
     */
    @Test
    void swishDipsBelowZero() {
        try (Pass pass = Pass.grad()) {
            Tensor x = points();
            assertValues(x.silu(), -.238405844, -.268941421, 0, .731058579, 1.761594156);
            Tensor at = pass.watch(Tensor.scalar(-1.278465f));
            Tensor y = at.silu();
            pass.backward(y);
            assertThat(y.item()).isEqualTo(-.2784645428f, CLOSE);
            assertThat(pass.gradient(at).item()).isEqualTo(0, offset(1e-6f));
        }
    }

    /** GELU exactly, and the slide's x sigmoid(1.702 x), which is off by at most 0.0203348721, at +-2.2704. */
    @Test
    void geluAndItsApproximation() {
        try (Pass pass = Pass.infer()) {
            Tensor x = points();
            assertValues(x.gelu(), -.045500264, -.158655254, 0, .841344746, 1.954499736);
            assertValues(x.mul(x.mul(1.702f).sigmoid()), -.064341377, -.154204234, 0, .845795766, 1.935658623);
            float[] grid = new float[8001];
            for (int i = 0; i < grid.length; i++) {
                grid[i] = (i - 4000) / 1000f;
            }
            Tensor g = Tensor.of(grid, grid.length);
            float[] gap = g.gelu().sub(g.mul(g.mul(1.702f).sigmoid())).toArray();
            int worst = 0;
            for (int i = 0; i < gap.length; i++) {
                worst = Math.abs(gap[i]) > Math.abs(gap[worst]) ? i : worst;
            }
            assertThat(Math.abs(gap[worst])).isEqualTo(.0203348721f, offset(1e-6f));
            assertThat(Math.abs(grid[worst])).isEqualTo(2.2704f, offset(1e-2f));
        }
    }

    /** Slide "LeakyReLU": slope 0.01 at -2 gives -0.02; the gradient of a learnable slope (PReLU) at -2 is -2. */
    @Test
    void leakySlopes() {
        try (Pass pass = Pass.grad()) {
            Tensor slope = pass.watch(Tensor.scalar(.01f));
            Tensor x = Tensor.scalar(-2);
            assertThat(x.leakyRelu(.01f).item()).isEqualTo(-.02f);
            Tensor y = x.relu().sub(slope.mul(x.neg().relu()));
            pass.backward(y);
            assertThat(y.item()).isEqualTo(-.02f);
            assertThat(pass.gradient(slope).item()).isEqualTo(-2);
        }
    }

    /**
     * AI basics lecture 13, figure of activation functions: softplus(x) = log(1 + e^x); binary cross-entropy against 0
     * is the same function.
     */
    @Test
    void softplus() {
        try (Pass pass = Pass.infer()) {
            Tensor x = points();
            double[] expected = {.126928011, .313261688, .693147181, 1.313261688, 2.126928011};
            assertValues(x.softplus(), expected);
            assertValues(x.bceWithLogits(Tensor.zeros(5)), expected);
        }
    }

    /** AI basics lecture 13: tanh(x) = 2 sigmoid(2 x) - 1. */
    @Test
    void tanhIsAScaledAndShiftedSigmoid() {
        try (Pass pass = Pass.infer()) {
            Tensor x = points();
            assertThat(x.mul(2).sigmoid().mul(2).sub(1).toArray())
                    .containsExactly(x.tanh().toArray(), offset(2e-7f));
        }
    }

    /**
     * Lecture 10 (ISLR), slide "Where is the name Neural Network from?": g(s (z - 0.5)) turns into a step as s grows.
     */
    @Test
    void aSteepSigmoidIsAStep() {
        try (Pass pass = Pass.infer()) {
            Tensor s = Tensor.of(floats(.5, 1, 10), 3);
            assertValues(s.mul(1 - .5f).sigmoid(), .5621765009, .6224593312, .9933071491);
            assertValues(s.mul(0 - .5f).sigmoid(), .4378234991, .3775406688, .0066928509);
            assertValues(s.mul(.5f - .5f).sigmoid(), .5, .5, .5);
        }
    }

    /** Lecture 10, slide "The ReLU Activation", footnote 4 takes g'(0) = 1; we take 0, as PyTorch does. */
    @Test
    void reluAtZero() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(-1, 0, 1), 3));
            pass.backward(x.relu().sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 0, 1);
        }
    }

    /** AI basics lecture 13, slide "SGD": no overflow and no NaN far out, in values or gradients. */
    @Test
    void farOutEverythingStaysFinite() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(-1000, 0, 1000), 3));
            assertThat(x.sigmoid().toArray()).containsExactly(0, .5f, 1);
            assertThat(x.tanh().toArray()).containsExactly(-1, 0, 1);
            assertThat(x.softmax(0).toArray()).containsExactly(0, 0, 1);
            assertThat(x.logSoftmax(0).toArray()).containsExactly(-2000, -1000, 0);
            assertThat(x.gelu().toArray()).containsExactly(new float[] {0, 0, 1000}, offset(0f));
            pass.backward(x.sigmoid()
                    .add(x.tanh())
                    .add(x.softmax(0))
                    .add(x.logSoftmax(0))
                    .add(x.gelu())
                    .sum());
            for (float g : pass.gradient(x).toArray()) {
                assertThat(Float.isFinite(g)).isTrue();
            }
        }
    }
}
