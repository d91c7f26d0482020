package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Numbers;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Normalization and residuals worked by hand on slides and in the book: every printed number. */
class NormalizationTest {
    private static final float[] Z = {1, 2, 3, 4};

    private static float[] normalized(BatchNorm layer) {
        try (var model = Model.of(layer, 0);
                Pass pass = Pass.train(new Rng(0))) {
            return model.net().apply(Tensor.of(Z, 4, 1)).toArray();
        }
    }

    /**
     * Course "Neural Networks", slide "Batch normalization": z = 1, 2, 3, 4 with the population's variance, without and
     * with epsilon.
     */
    @Test
    void theBatchOfFour() {
        float a = 1.3416407865f;
        float b = .4472135955f;
        assertThat(normalized(new BatchNorm(1).epsilon(0).momentum(null)))
                .containsExactly(new float[] {-a, -b, b, a}, offset(1e-7f));
        float c = 1.34163542f;
        float d = .4472118067f;
        assertThat(normalized(new BatchNorm(1))).containsExactly(new float[] {-c, -d, d, c}, offset(1e-7f));
    }

    /** AI basics lecture 13: gamma (z - mu) / sqrt(epsilon + sigma^2) + beta, epsilon inside the root. */
    @Test
    void scaledAndShifted() {
        try (var model = Model.of(new BatchNorm(1).epsilon(0.75f).momentum(null), 0);
                Pass pass = Pass.train(new Rng(0))) {
            Numbers.set(model.net().weight(), 2);
            Numbers.set(model.net().bias(), 10);
            // sqrt(.75 + 1.25) = sqrt 2
            float s = (float) Math.sqrt(2);
            assertThat(model.net().apply(Tensor.of(Z, 4, 1)).toArray())
                    .containsExactly(
                            new float[] {10 - 1.5f * s, 10 - .5f * s, 10 + .5f * s, 10 + 1.5f * s}, offset(2e-6f));
        }
    }

    /** Deep residual networks: x becomes g(x + W' g(W x + b) + b'); with W = W' = 0 and b = b' = 0 that is g(x). */
    @Test
    void aResidualOfNothingIsItsActivation() {
        float[] x = {-2, -0.5f, 0, 1, 3, -4};
        var inner = new Sequential(new Linear(3, 5, Init.zeros()), Tensor::relu, new Linear(5, 3, Init.zeros()));
        try (var model = Model.of(new Residual(inner, Activation.RELU), 0);
                Pass pass = Pass.infer()) {
            model.parameters().forEach(p -> Numbers.set(p, 0));
            assertThat(model.net().apply(Tensor.of(x, 2, 3)).toArray()).containsExactly(0, 0, 0, 1, 3, 0);
        }
    }

    /** The Jacobian of x + F(x) is I + W' diag(g') W: the nearer to the identity, the smaller the weights of F. */
    @Test
    void theJacobianOfAResidualIsNearTheIdentity() {
        float[] x = {0.5f, -1, 2};
        float[] first = {1, -2, 0.5f, 0.25f, 1, -1}; // W [2, 3]
        float[] second = {2, -1, 0.5f, 1, -1, 3}; // W' [3, 2]
        for (float scale : new float[] {1, 0.01f}) {
            var inner = new Sequential(given(first, scale, 2, 3), Tensor::tanh, given(second, scale, 3, 2));
            try (var model = Model.of(new Residual(inner, null), 0)) {
                for (int i = 0; i < 3; i++) {
                    try (Pass pass = Pass.grad()) {
                        Tensor at = pass.watch(Tensor.of(x, 1, 3));
                        pass.backward(model.net().apply(at).reshape(3).slice(0, i, i + 1));
                        float[] row = pass.gradient(at).toArray();
                        for (int j = 0; j < 3; j++) {
                            double expected = i == j ? 1 : 0;
                            for (int k = 0; k < 2; k++) {
                                double z = scale
                                        * (first[3 * k] * x[0] + first[3 * k + 1] * x[1] + first[3 * k + 2] * x[2]);
                                double slope = 1 - Math.tanh(z) * Math.tanh(z);
                                expected += scale * second[2 * i + k] * slope * scale * first[3 * k + j];
                            }
                            assertThat(row[j]).isEqualTo((float) expected, offset(1e-6f));
                            if (scale < 0.1f) {
                                assertThat(row[j]).isEqualTo(i == j ? 1 : 0, offset(1e-3f));
                            }
                        }
                    }
                }
            }
        }
    }

    private static Linear given(float[] weight, float scale, int out, int in) {
        Initializer init = (shape, rng) -> {
            float[] scaled = weight.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= scale;
            }
            return scaled;
        };
        return new Linear(new Parameter(Shape.of(out, in), init), null, null);
    }

    /** The book's inner branch has no activation at its end: y = g(x + 2 x) with W' W = 2 on positive x, by hand. */
    @Test
    void theInnerBranchWithAndWithoutItsLastActivation() {
        for (boolean own : new boolean[] {false, true}) {
            Linear twice = new Linear(new Parameter(Shape.of(1, 1), Init.constant(2)), null, null);
            Sequential inner = own ? new Sequential(twice, Tensor::relu) : new Sequential(twice);
            try (var model = Model.of(new Residual(inner, null), 0);
                    Pass pass = Pass.infer()) {
                assertThat(model.net()
                                .apply(Tensor.of(new float[] {-1, 3}, 2, 1))
                                .toArray())
                        .containsExactly(own ? -1 : -3, 9);
            }
        }
    }
}
