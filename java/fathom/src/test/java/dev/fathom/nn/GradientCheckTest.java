package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Numbers;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The check finds wrong gradients, names the worst element, and is content with right ones. */
class GradientCheckTest {
    /** y = x^3, in Java; the derivative is off by {@code wrong} at element {@code at}. */
    record Cube(int at, float wrong) implements Op {
        @Override
        public String label() {
            return "cube";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public boolean readsOutput(int o) {
            return false;
        }

        @Override
        public void forward(Call c) {
            float[] x = c.read(0);
            for (int i = 0; i < x.length; i++) {
                x[i] = x[i] * x[i] * x[i];
            }
            c.write(0, x);
        }

        @Override
        public void backward(Grad g) {
            float[] x = g.read(0);
            float[] dy = g.readGradient(0);
            for (int i = 0; i < x.length; i++) {
                x[i] = dy[i] * (3 * x[i] * x[i] + (i == at ? wrong : 0));
            }
            g.writeGradient(0, x);
        }
    }

    private static Tensor sample() {
        return Tensor.of(new float[] {-1, 0.5f, 2, 1, -0.25f, 3}, 2, 3);
    }

    @Test
    void rightGradientsPass() {
        try (Pass pass = Pass.infer()) {
            GradientCheck.check(in -> Pass.apply(new Cube(-1, 0), in).sum(), 1e-2, sample());
            GradientCheck.check(in -> Pass.apply(new Cube(-1, 0), in), 1e-2, sample());
            GradientCheck.check(
                    in -> in[0].matmul(in[1]).tanh().mean(),
                    1e-2,
                    sample(),
                    Tensor.of(new float[] {1, 0, 2, -1, 1, 1}, 3, 2));
            GradientCheck.check(in -> in[0].crossEntropy(in[1]), 1e-2, sample(), Tensor.ofInts(new int[] {2, 0}, 2));
            GradientCheck.check(in -> in[0].mul(in[0]).add(in[0]).sum(), 1e-2, Tensor.scalar(3));
        }
    }

    @Test
    void aWrongGradientIsFoundAndNamed() {
        try (Pass pass = Pass.infer()) {
            Tensor x = sample();
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> GradientCheck.check(
                            in -> Pass.apply(new Cube(4, 0.5f), in).sum(), 1e-2, x))
                    .withMessageMatching(
                            "gradient check: the gradient of input 0 at \\[1, 1\\] is 0\\.6875 but the central"
                                    + " difference is 0\\.18\\d+ \\(error 0\\.42\\d* of 1 \\+ "
                                    + "\\|difference\\|\\), above"
                                    + " the tolerance 0\\.01");
            GradientCheck.Worst worst = GradientCheck.compare(
                    in -> Pass.apply(new Cube(4, 0.5f), in).sum(), List.of(), x);
            assertThat(worst.index()).containsExactly(1, 1);
            assertThat(worst.gradient()).isEqualTo(0.6875);
        }
    }

    @Test
    void aGradientThatIsMissingOrNotANumberIsFound() {
        try (Pass pass = Pass.infer()) {
            Tensor x = sample();
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() ->
                            GradientCheck.check(in -> in[0].detach().square().sum(), 1e-2, x))
                    .withMessageContaining("is 0.0 but the central difference is 6.0");
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> GradientCheck.check(
                            in -> Pass.apply(new Cube(0, Float.NaN), in).sum(), 1e-2, x))
                    .withMessageContaining("at [0, 0] is NaN");
        }
    }

    @Test
    void aKinkIsCalledOne() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.scalar(0);
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> GradientCheck.check(in -> in[0].relu(), 1e-2, x))
                    .withMessage(
                            "gradient check: the gradient of input 0 at [] is 0.0 but the central difference is 0.5"
                                    + " (error 0.33333334 of 1 + |difference|), above the tolerance 0.01; f has a kink"
                                    + " there, with the differences 0.0 below and 1.0 above, so the central difference"
                                    + " says nothing: choose an input farther away from the kink");
            var bent = GradientCheck.compare(in -> in[0].square().mul(3).sum(), List.of(), sample());
            assertThat(bent.kink()).as("a parabola has none").isFalse();
            var wrong = GradientCheck.compare(
                    in -> Pass.apply(new Cube(4, 0.5f), in).sum(), List.of(), sample());
            assertThat(wrong.kink()).as("a wrong gradient is none").isFalse();
        }
    }

    @Test
    void aFrozenParameterIsRefused() {
        try (Numbers values = new Numbers()) {
            Parameter w = values.parameter("fc.weight", new float[] {1, -2}, 2);
            values.bind();
            values.freeze(w);
            try (Pass pass = Pass.infer()) {
                assertThatThrownBy(() ->
                                GradientCheck.check(in -> w.value().square().sum(), 1e-2, List.of(w)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("gradient check: parameter fc.weight is frozen, and backward gives it no gradient;"
                                + " unfreeze it, or leave it out");
            }
        }
    }

    @Test
    void parametersAreChecked() {
        try (Numbers values = new Numbers()) {
            Parameter w = values.parameter("fc.weight", new float[] {1, -2, 0.5f, 2, 1, -1}, 2, 3);
            Parameter b = values.parameter("fc.bias", new float[] {0.5f, -0.5f}, 2);
            values.bind();
            try (Pass pass = Pass.infer()) {
                Tensor x = sample();
                GradientCheck.check(in -> in[0].linear(w, b, null, Activation.GELU), 1e-2, List.of(w, b), x);
                assertThat(w.value().toArray()).containsExactly(1, -2, 0.5f, 2, 1, -1);
                assertThatExceptionOfType(AssertionError.class)
                        .isThrownBy(() -> GradientCheck.check(
                                in -> Pass.apply(new Cube(1, 1), b.value())
                                        .sum()
                                        .add(in[0].linear(w, null).sum()),
                                1e-2,
                                List.of(w, b),
                                x))
                        .withMessageContaining("the gradient of parameter fc.bias at [1] is 1.75");
            }
        }
    }

    /** Every run draws the same mask. */
    @Test
    void randomOpsCanBeChecked() {
        try (Pass pass = Pass.infer()) {
            GradientCheck.check(in -> in[0].dropout(0.5f, 2).square().sum(), 1e-2, sample());
        }
    }

    /** Backward commits the buffer that f reads; the differences are of the same f as the gradient. */
    @Test
    void aFunctionThatUpdatesABufferCanBeChecked() {
        try (Numbers values = new Numbers()) {
            Parameter w = values.parameter("w", new float[] {1, -2}, 2);
            Buffer mean = values.buffer("mean", new float[] {1, 3}, 2);
            values.bind();
            try (Pass pass = Pass.infer()) {
                GradientCheck.check(
                        in -> {
                            Tensor y = in[0].mul(w.value()).mul(mean.value());
                            mean.update(mean.value().mul(0.5f).add(y.detach()));
                            return y;
                        },
                        1e-2,
                        List.of(w),
                        Tensor.of(new float[] {0.5f, 2}, 2));
                assertThat(mean.value().toArray())
                        .as("one update, by the one backward")
                        .containsExactly(1, -10.5f);
            }
        }
    }

    @Test
    void nothingToCheckIsRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor labels = Tensor.ofInts(new int[2], 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> GradientCheck.check(in -> in[0], 1e-2, labels))
                    .withMessage("gradient check: no F32 input and no parameter has an element; give at least one");
        }
    }
}
