package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Worked examples of what makes and moves tensors, with the numbers that NumPy and PyTorch give. */
class TensorBasicsTest {
    @Test
    void onesFullAndZeros() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.ones(2, 3).shape()).isEqualTo(Shape.of(2, 3));
            assertThat(Tensor.ones(Shape.of(2)).toArray()).containsExactly(1, 1);
            assertThat(Tensor.zeros(Shape.of(2)).toArray()).containsExactly(0, 0);
            assertThat(Tensor.full(Shape.of(1, 2), 7).toArray()).containsExactly(7, 7);
            assertThat(Tensor.full(Shape.SCALAR, 7).item()).isEqualTo(7);
        }
    }

    @Test
    void arangeCountsLikePythonsRange() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.arange(4).toIntArray()).containsExactly(0, 1, 2, 3);
            assertThat(Tensor.arange(-2, 3).toIntArray()).containsExactly(-2, -1, 0, 1, 2);
            assertThat(Tensor.arange(1, 8, 3).toIntArray()).containsExactly(1, 4, 7);
            assertThat(Tensor.arange(1, 7, 3).toIntArray()).containsExactly(1, 4);
            assertThat(Tensor.arange(5, 0, -2).toIntArray()).containsExactly(5, 3, 1);
            assertThat(Tensor.arange(5, 1, -2).toIntArray()).containsExactly(5, 3);
            assertThat(Tensor.arange(3, 3).toIntArray()).isEmpty();
            assertThat(Tensor.arange(3, 1).toIntArray()).isEmpty();
            assertThat(Tensor.arange(0, Integer.MIN_VALUE, -1 << 30).toIntArray())
                    .containsExactly(0, -1 << 30);
            assertThat(Tensor.arange(Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30)
                            .toIntArray())
                    .containsExactly(Integer.MIN_VALUE, -1 << 30, 0, 1 << 30);
            assertThat(Tensor.arange(3).to(DType.F32).toArray()).containsExactly(0, 1, 2);
            assertThatThrownBy(() -> Tensor.arange(0, 5, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("arange: step=0 never gets from 0 to 5; give the difference of two neighbors");
            assertThatThrownBy(() -> Tensor.arange(Integer.MIN_VALUE, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("arange: from -2147483648 to 1 by 1 are 2147483649 numbers, more than an int counts; "
                            + "give a larger step");
        }
    }

    @Test
    void linspaceHoldsBothEnds() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.linspace(0, 1, 5).toArray()).containsExactly(0, 0.25f, 0.5f, 0.75f, 1);
            assertThat(Tensor.linspace(3, -3, 3).toArray()).containsExactly(3, 0, -3);
            float[] long_ = Tensor.linspace(-0.1f, 0.7f, 1001).toArray();
            assertThat(long_[0]).isEqualTo(-0.1f);
            assertThat(long_[1000]).isEqualTo(0.7f);
            assertThat(Tensor.linspace(2, 9, 1).toArray()).containsExactly(2);
            assertThat(Tensor.linspace(2, 9, 0).toArray()).isEmpty();
            assertThatThrownBy(() -> Tensor.linspace(0, 1, -1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("linspace: count=-1; give how many numbers, 0 or more");
        }
    }

    @Test
    void integersMoveAndMultiply() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.arange(6).reshape(2, 3);
            assertThat(x.flip(1).toIntArray()).containsExactly(2, 1, 0, 5, 4, 3);
            assertThat(x.flip(0, 1).toIntArray()).containsExactly(5, 4, 3, 2, 1, 0);
            assertThat(x.roll(1, 1).toIntArray()).containsExactly(2, 0, 1, 5, 3, 4);
            assertThat(x.roll(-1, -1).toIntArray()).containsExactly(1, 2, 0, 4, 5, 3);
            assertThat(Tensor.arange(3).unsqueeze(1).expand(-1, 2).toIntArray()).containsExactly(0, 0, 1, 1, 2, 2);
            List<Tensor> parts = x.split(1, 2, 1);
            assertThat(parts.get(0).toIntArray()).containsExactly(0, 1, 3, 4);
            assertThat(parts.get(1).toIntArray()).containsExactly(2, 5);
            Tensor big = Tensor.ofInts(new int[] {1 << 16, -3, Integer.MIN_VALUE}, 3);
            assertThat(big.mul(Tensor.ofInts(new int[] {(1 << 16) + 1, 5, -1}, 3))
                            .toIntArray())
                    .containsExactly(1 << 16, -15, Integer.MIN_VALUE);
        }
    }

    @Test
    void bytesAreNotAddedUp() {
        try (Pass pass = Pass.infer()) {
            Tensor bytes = Tensor.ofBytes(java.nio.ByteBuffer.allocate(4), 2, 2);
            Tensor index = Tensor.ofInts(new int[2], 2);
            for (var call : List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                    () -> bytes.sum(), () -> bytes.cumsum(0), () -> bytes.indexAdd(0, index, 2))) {
                assertThatThrownBy(call)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageEndingWith(": x [2, 2] is U8 but must be F32 or I32; convert it with to(DType.F32)");
            }
        }
    }

    /** PyTorch's chunk: sizes rounded up, so that 7 in 4 are 2, 2, 2 and 1, and 6 in 4 are three. */
    @Test
    void chunksMayBeFewer() {
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.arange(7).chunk(0, 4).stream().map(Tensor::size)).containsExactly(2L, 2L, 2L, 1L);
            assertThat(Tensor.arange(6).chunk(0, 4).stream().map(Tensor::size)).containsExactly(2L, 2L, 2L);
            assertThat(Tensor.arange(2).chunk(-1, Integer.MAX_VALUE)).hasSize(2);
            assertThat(Tensor.arange(0).chunk(0, 3)).hasSize(1);
        }
    }

    /** numpy.std([1, 2, 3, 4]) and torch.std of the same. */
    @Test
    void deviationsOfAPopulationAndOfASample() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 4}, 4));
            assertThat(x.variance().item()).isEqualTo(1.25f);
            assertThat(x.sampleVariance().item()).isEqualTo(5f / 3);
            assertThat(x.std().item()).isCloseTo(1.118034f, within(1e-6f));
            assertThat(x.sampleStd().item()).isCloseTo(1.2909944f, within(1e-6f));
            Tensor flat = pass.watch(Tensor.ones(4));
            pass.backward(flat.std());
            assertThat(pass.gradient(flat).toArray()).as("as PyTorch has it").containsOnly(0f);
        }
    }

    @Test
    void keptDimensionsBroadcast() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 3, 10, 20}, 2, 2);
            assertThat(x.sub(x.mean(1).unsqueeze(1)).toArray()).containsExactly(-1, 1, -5, 5);
            assertThat(x.sum().unsqueeze(0, 1).shape()).isEqualTo(Shape.of(1, 1));
            assertThat(x.argmin(-1).unsqueeze(-1).shape()).isEqualTo(Shape.of(2, 1));
        }
    }

    @Test
    void aTraceAndAProductByEinsum() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
            assertThat(Tensor.einsum("ii", x).item()).isEqualTo(5);
            assertThat(Tensor.einsum("ij,jk", x, x).toArray()).containsExactly(7, 10, 15, 22);
            assertThat(Tensor.einsum("ij->j", x).toArray()).containsExactly(4, 6);
            assertThat(Tensor.einsum("i,i->i", Tensor.arange(3), Tensor.arange(3))
                            .toIntArray())
                    .containsExactly(0, 1, 4);
        }
    }

    @Test
    void aNegativeCountOfRandomNumbersIsRefused() {
        Rng rng = new Rng(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rng.permutation(-1))
                .withMessage("permutation: n=-1; give how many numbers, 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rng.normal(-2, 0, 1))
                .withMessage("normal: n=-2; give how many numbers, 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rng.uniform(-3, 0, 1))
                .withMessage("uniform: n=-3; give how many numbers, 0 or more");
        assertThat(rng.counter()).as("nothing was drawn").isZero();
    }
}
