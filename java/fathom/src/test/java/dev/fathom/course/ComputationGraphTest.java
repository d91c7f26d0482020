package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/**
 * Course "Neural Networks", slides "Computation graph" and "Gradient flow at forks": f(w, x) = 1 / (1 + exp(-(w0 x0 +
 * w1 x1 + w2))).
 */
class ComputationGraphTest {
    private static final Offset<Float> CLOSE = offset(1e-7f);

    private static float[] floats(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    /** Every line of the slide, forward and backward, node by node. */
    @Test
    void theSlidesExampleNodeByNode() {
        try (Pass pass = Pass.grad()) {
            Tensor w = pass.watch(Tensor.of(floats(0, -3, -3), 3));
            Tensor x = pass.watch(Tensor.of(floats(-1, -2), 2));
            Tensor t0 = pass.watch(w.slice(0, 0, 1).mul(x.slice(0, 0, 1)));
            Tensor t1 = pass.watch(w.slice(0, 1, 2).mul(x.slice(0, 1, 2)));
            Tensor t01 = pass.watch(t0.add(t1));
            Tensor t012 = pass.watch(t01.add(w.slice(0, 2, 3)));
            Tensor nt = pass.watch(t012.neg());
            Tensor e = pass.watch(nt.exp());
            Tensor denom = pass.watch(e.add(1));
            Tensor f = Tensor.scalar(1).div(denom);
            assertThat(t0.item()).isZero();
            assertThat(t1.item()).isEqualTo(6);
            assertThat(t012.item()).isEqualTo(3);
            assertThat(e.item()).isEqualTo(.0497870684f, CLOSE);
            assertThat(denom.item()).isEqualTo(1.0497870684f, CLOSE);
            assertThat(f.item()).isEqualTo(.9525741268f, CLOSE);
            pass.backward(f);
            assertThat(pass.gradient(denom).item()).isEqualTo(-.9073974671f, CLOSE);
            assertThat(pass.gradient(e).item()).isEqualTo(-.9073974671f, CLOSE);
            assertThat(pass.gradient(nt).item()).isEqualTo(-.0451766597f, CLOSE);
            for (Tensor t : new Tensor[] {t012, t01, t0, t1}) {
                assertThat(pass.gradient(t).item()).isEqualTo(.0451766597f, CLOSE);
            }
            assertThat(pass.gradient(w).toArray())
                    .containsExactly(floats(-.0451766597, -.0903533195, .0451766597), CLOSE);
            assertThat(pass.gradient(x).toArray()).containsExactly(floats(0, -.1355299792), CLOSE);
        }
    }

    /** The numbers from which the slide's were changed (CS231n): w = [2, -3, -3]. */
    @Test
    void theOriginalOfTheExample() {
        try (Pass pass = Pass.grad()) {
            Tensor w = pass.watch(Tensor.of(floats(2, -3, -3), 3));
            Tensor x = pass.watch(Tensor.of(floats(-1, -2), 2));
            Tensor f = w.slice(0, 0, 2).mul(x).sum().add(w.slice(0, 2, 3)).sigmoid();
            pass.backward(f);
            assertThat(f.item()).isEqualTo(.7310585786f, CLOSE);
            assertThat(pass.gradient(w).toArray())
                    .containsExactly(floats(-.1966119332, -.3932238665, .1966119332), CLOSE);
            assertThat(pass.gradient(x).toArray()).containsExactly(floats(.3932238665, -.5898357997), CLOSE);
        }
    }

    /** Slide "Gradient flow at forks": gradients add; y = x x + x at 3 gives 2 x + 1. */
    @Test
    void gradientsAddAtForks() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(3));
            pass.backward(x.mul(x).add(x));
            assertThat(pass.gradient(x).item()).isEqualTo(7);
        }
    }
}
