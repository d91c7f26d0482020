package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Networks whose weights are set by hand. */
class GatesTest {
    /** (0, 0), (0, 1), (1, 0), (1, 1). */
    private static Tensor inputs() {
        return Tensor.of(new float[] {0, 0, 0, 1, 1, 0, 1, 1}, 4, 2);
    }

    /** A perceptron, 1 where w0 a + w1 b + bias > 0: the sums here are at least 1/2 away from 0. */
    private static Tensor perceptron(Tensor x, float w0, float w1, float bias) {
        return x.matmul(Tensor.of(new float[] {w0, w1}, 2, 1)).add(bias).mul(2).clamp(0, 1);
    }

    @Test
    void perceptronsAreGates() {
        try (Pass pass = Pass.infer()) {
            Tensor x = inputs();
            assertThat(perceptron(x, 1, 1, -1.5f).toArray()).containsExactly(0, 0, 0, 1);
            assertThat(perceptron(x, 1, 1, -.5f).toArray()).containsExactly(0, 1, 1, 1);
            assertThat(perceptron(x, -1, -1, 1.5f).toArray()).containsExactly(1, 1, 1, 0);
        }
    }

    /**
     * CS155, slide "XOR": not (a and b), and (a or b), from 1[1.5 - a - b > 0], 1[a + b - .5 > 0] and 1[n + o - 1.5 >
     * 0].
     */
    @Test
    void xorOfThreePerceptrons() {
        try (Pass pass = Pass.infer()) {
            Tensor x = inputs();
            Tensor nand = perceptron(x, -1, -1, 1.5f);
            Tensor or = perceptron(x, 1, 1, -.5f);
            assertThat(nand.add(or).sub(1.5f).mul(2).clamp(0, 1).toArray()).containsExactly(0, 1, 1, 0);
        }
    }

    /** CS155, slide on crossed features: with x1 x2 beside x1 and x2, XOR is linear: x1 + x2 - 2 x1 x2. */
    @Test
    void xorIsLinearInCrossedFeatures() {
        try (Pass pass = Pass.infer()) {
            Tensor crossed = Tensor.of(new float[] {0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1}, 4, 3);
            assertThat(crossed.matmul(Tensor.of(new float[] {1, 1, -2}, 3, 1)).toArray())
                    .containsExactly(0, 1, 1, 0);
        }
    }

    /**
     * Lecture 10, slide "Why Nonlinear g(.)?": g(z) = z^2 of x1 + x2 and x1 - x2 with beta = (0, 1/4, -1/4) is x1 x2; a
     * linear g stays linear.
     */
    @Test
    void aSquareModelsAnInteraction() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {3, 5, -2, 7, .5f, -4, 0, 9}, 4, 2);
            Tensor hidden = x.matmul(Tensor.of(new float[] {1, 1, 1, -1}, 2, 2));
            Tensor beta = Tensor.of(new float[] {.25f, -.25f}, 2, 1);
            assertThat(hidden.square().matmul(beta).toArray()).containsExactly(15, -14, -2, 0);
            assertThat(hidden.matmul(beta).toArray()).containsExactly(2.5f, 3.5f, -2, 4.5f); // x2 / 2
        }
    }
}
