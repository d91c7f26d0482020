package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Layers as matrices: biases, the two rules of back-propagation, depth without non-linearities, convolution. */
class LinearAlgebraTest {
    /** CS155, slide on appending biases: [W b] [x; 1] = W x + b. */
    @Test
    void aBiasIsAWeightOfAConstantInput() {
        try (Pass pass = Pass.infer()) {
            Tensor w = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
            Tensor b = Tensor.of(new float[] {-1, 0, 2}, 3, 1);
            Tensor x = Tensor.of(new float[] {2, -1, .5f, 3}, 2, 2);
            Tensor wide = Tensor.of(new float[] {-1, 1, 2, 0, 3, 4, 2, 5, 6}, 3, 3);
            Tensor one = Tensor.of(new float[] {1, 1, 2, -1, .5f, 3}, 3, 2);
            assertThat(wide.matmul(one).toArray())
                    .containsExactly(w.matmul(x).add(b).toArray());
        }
    }

    /** CS155, slides on back-propagation: with S = W X, dL/dW = dL/dS X^T and dL/dX = W^T dL/dS. */
    @Test
    void theTwoRulesOfBackPropagation() {
        try (Pass pass = Pass.grad()) {
            Tensor w = pass.watch(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
            Tensor x = pass.watch(Tensor.of(new float[] {1, 0, -1, 2, 3, 1}, 3, 2));
            Tensor ds = Tensor.of(new float[] {1, -1, 2, .5f}, 2, 2);
            pass.backward(w.matmul(x).mul(ds).sum());
            Tensor xt = Tensor.of(new float[] {1, -1, 3, 0, 2, 1}, 2, 3);
            Tensor wt = Tensor.of(new float[] {1, 4, 2, 5, 3, 6}, 3, 2);
            assertThat(pass.gradient(w).toArray()).containsExactly(ds.matmul(xt).toArray());
            assertThat(pass.gradient(x).toArray()).containsExactly(wt.matmul(ds).toArray());
        }
    }

    /** CS155, slide "if we remove the non-linearities": a deep linear network is one matrix, to rounding. */
    @Test
    void aDeepLinearNetworkIsOneMatrix() {
        try (Pass pass = Pass.train(new Rng(7))) {
            Tensor x = pass.randn(5, 8);
            Tensor y = x;
            Tensor product = null;
            for (int layer = 0; layer < 4; layer++) {
                Tensor w = pass.uniform(Shape.of(8, 8), -.5f, .5f);
                y = y.matmul(w);
                product = product == null ? w : product.matmul(w);
            }
            assertThat(x.matmul(product).toArray()).containsExactly(y.toArray(), offset(1e-5f));
        }
    }

    /**
     * AI basics lecture 13, slide on one-dimensional convolution: kernel [1, -1, 1] at stride 2 is a 3 x 7 matrix; then
     * pooling of (5, 9, 4).
     */
    @Test
    void aConvolutionIsAMatrix() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {5, 6, 6, 2, 5, 6, 5}, 7, 1);
            Tensor k = Tensor.of(
                    new float[] {
                        1, -1, 1, 0, 0, 0, 0, //
                        0, 0, 1, -1, 1, 0, 0, //
                        0, 0, 0, 0, 1, -1, 1
                    },
                    3,
                    7);
            Tensor y = k.matmul(x);
            assertThat(y.toArray()).containsExactly(5, 9, 4);
            assertThat(y.mean().item()).isEqualTo(6);
            assertThat(y.max().item()).isEqualTo(9);
        }
    }

    /**
     * Course "Neural Networks", slide "Max filter, backward": of [[1, 3], [2, 0]] only the largest receives the
     * gradient 1.
     */
    @Test
    void theGradientOfAMaximumGoesToOneCell() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 3, 2, 0}, 2, 2));
            pass.backward(x.max());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 1, 0, 0);
        }
    }
}
