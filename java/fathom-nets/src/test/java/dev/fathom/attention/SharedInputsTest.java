package dev.fathom.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.tensor.Attention;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** One tensor as several inputs of attention receives the sum of their gradients. */
class SharedInputsTest {
    private static final Attention HOW = new Attention(2);

    /** The gradient of x where its uses are told apart by copies. */
    private static float[] byCopies(float[] values, boolean all) {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(values, 2, 5, 8));
            Tensor q = pass.watch(Tensor.of(queries(), 2, 5, 8));
            Tensor y = (all ? x.mul(1) : q).attention(x.mul(1), x.mul(1), HOW);
            pass.backward(y.square().sum());
            return Objects.requireNonNull(pass.gradient(x)).toArray();
        }
    }

    private static float[] queries() {
        return new Rng(4).normal(80, 0, 1);
    }

    @Test
    void keysAndValuesMayBeOneTensor() {
        float[] values = new Rng(3).normal(80, 0, 1);
        for (boolean all : new boolean[] {false, true}) {
            float[] expected = byCopies(values, all);
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(Tensor.of(values, 2, 5, 8));
                Tensor q = all ? x : Tensor.of(queries(), 2, 5, 8);
                pass.backward(q.attention(x, x, HOW).square().sum());
                float[] found = Objects.requireNonNull(pass.gradient(x)).toArray();
                for (int i = 0; i < found.length; i++) {
                    assertThat(found[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-5f));
                }
            }
        }
    }

    /** Without rows, a bias that all rows share has a gradient of zeros. */
    @Test
    void anEmptyBatchGivesZeros() {
        try (Pass pass = Pass.grad()) {
            pass.watch(Tensor.ones(64, 64)).mul(7); // leaves numbers behind in the pass's memory
            Tensor bias = pass.watch(Tensor.ones(1, 2, 4, 4));
            Tensor q = pass.watch(Tensor.zeros(0, 4, 8));
            pass.backward(q.attention(q.mul(1), q.mul(1), HOW.mask(dev.fathom.tensor.AttentionMask.NONE.withBias(bias)))
                    .sum());
            assertThat(Objects.requireNonNull(pass.gradient(bias)).toArray()).containsOnly(0);
        }
    }
}
