package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Exact numbers at the edges of I32 and U8, from NumPy 2.4.6 where nothing else is said. */
class IntegersTest {
    private static final int MIN = Integer.MIN_VALUE;
    private static final int MAX = Integer.MAX_VALUE;

    private static Tensor ints(int... values) {
        return Tensor.ofInts(values, values.length);
    }

    private static Tensor x() {
        return Tensor.ofInts(new int[] {2000000000, -5, 7, 2000000000, 3, -7, 1, 3, 7}, 3, 3);
    }

    @Test
    void arithmeticWrapsAround() {
        try (Pass pass = Pass.infer()) {
            Tensor a = ints(MAX, MIN, -7, 7, 0, 65536);
            Tensor b = ints(1, -1, 2, -2, 5, 65536);
            assertThat(a.add(b).toIntArray()).containsExactly(MIN, MAX, -5, 5, 5, 131072);
            assertThat(a.sub(b).toIntArray()).containsExactly(2147483646, -2147483647, -9, 9, -5, 0);
            assertThat(a.mul(b).toIntArray()).containsExactly(MAX, MIN, -14, -14, 0, 0);
            assertThat(a.max(b).toIntArray()).containsExactly(MAX, -1, 2, 7, 5, 65536);
            assertThat(a.min(b).toIntArray()).containsExactly(1, MIN, -7, -2, 0, 65536);
            assertThat(a.neg().toIntArray()).containsExactly(-MAX, MIN, 7, -7, 0, -65536);
            assertThat(a.abs().toIntArray()).containsExactly(MAX, MIN, 7, 7, 0, 65536);
            assertThat(a.clamp(-3, 100).toIntArray()).containsExactly(100, -3, -3, 7, 0, 100);
            assertThat(a.clamp(0, Double.POSITIVE_INFINITY).toIntArray()).containsExactly(MAX, 0, 0, 7, 0, 65536);
            assertThatThrownBy(() -> a.clamp(16_777_217, 16_777_216))
                    .as("as floats they are equal")
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("clamp: lo=1.6777217E7 and hi=1.6777216E7; lo must not be above hi");
            assertThatThrownBy(() -> a.clamp(Double.NaN, 0)).hasMessageStartingWith("clamp: lo=NaN and hi=0.0;");
            // as in Java, where NumPy's // would round down
            assertThat(a.div(b).toIntArray()).containsExactly(MAX, MIN, -3, -3, 0, 1);
            assertThat(a.mod(b).toIntArray()).containsExactly(0, 0, 1, -1, 0, 0);
            assertThat(a.fmod(b).toIntArray()).containsExactly(0, 0, -1, 1, 0, 0);
            assertThat(a.sign().toIntArray()).containsExactly(1, -1, -1, 1, 0, 1);
        }
    }

    /** From PyTorch 1.13, but for shifts by 32 and more, which C leaves undefined; they are Java's of long. */
    @Test
    void powersAndBits() {
        try (Pass pass = Pass.infer()) {
            Tensor a = ints(3, -2, 0, 1, -1, -1, 5, MIN);
            Tensor b = ints(21, 31, 0, -4, -3, -2, -1, 2);
            assertThat(a.pow(b).toIntArray()).containsExactly(1870418611, MIN, 1, 1, -1, 1, 0, 0);
            assertThat(a.pow(3).toIntArray()).containsExactly(27, -8, 0, 1, -1, -1, 125, 0);
            assertThat(a.bitAnd(b).toIntArray()).containsExactly(1, 30, 0, 0, -3, -2, 5, 0);
            assertThat(a.bitOr(b).toIntArray()).containsExactly(23, -1, 0, -3, -1, -1, -1, MIN + 2);
            assertThat(a.bitXor(b).toIntArray()).containsExactly(22, -31, 0, -3, 2, 1, -6, MIN + 2);
            assertThat(a.bitNot().toIntArray()).containsExactly(-4, 1, -1, -2, 0, 0, -6, MAX);
            Tensor x = ints(5, -5, MIN, MAX, -1, 1);
            assertThat(x.shiftLeft(ints(1, 31, 1, 0, 32, -1)).toIntArray()).containsExactly(10, MIN, 0, MAX, 0, 0);
            assertThat(x.shiftRight(ints(1, 1, 31, 30, 32, -1)).toIntArray()).containsExactly(2, -3, -1, 1, -1, 0);
        }
    }

    /** As Python's % and C's fmod have it: the signs of zeros, infinities, and quotients that no float holds. */
    @Test
    void remaindersAreExact() {
        float inf = Float.POSITIVE_INFINITY;
        try (Pass pass = Pass.infer()) {
            Tensor a = Tensor.of(new float[] {-7, 7, 6, -6, 5, -5, 1e30f, inf, 1}, 9);
            Tensor b = Tensor.of(new float[] {3, -3, -3, 3, inf, inf, 0.3f, 2, 0}, 9);
            float far = (float) (1e30f % (double) 0.3f);
            assertThat(a.mod(b).toArray()).containsExactly(2, -2, -0f, 0f, 5, inf, far, Float.NaN, Float.NaN);
            assertThat(a.fmod(b).toArray()).containsExactly(-1, 1, 0f, -0f, 5, -5, far, Float.NaN, Float.NaN);
        }
    }

    /** Beyond 2^24, where an F32 no longer has every whole number. */
    @Test
    void plainNumbersAreExact() {
        try (Pass pass = Pass.infer()) {
            Tensor a = ints(0, 1);
            assertThat(a.add(16777217).toIntArray()).containsExactly(16777217, 16777218);
            assertThat(a.sub(MIN).toIntArray()).containsExactly(MIN, MIN + 1);
            assertThat(a.rsub(MAX).toIntArray()).containsExactly(MAX, MAX - 1);
            assertThat(a.mul(16777219).toIntArray()).containsExactly(0, 16777219);
            assertThat(a.add(16777217).eq(16777217).toArray()).containsExactly(1, 0);
            assertThat(a.add(16777217).gt(16777217).toArray()).containsExactly(0, 1);
            assertThat(a.maskedFill(a.eq(0), MAX).toIntArray()).containsExactly(MAX, 1);
            assertThat(a.gt(0).where(ints(16777217), ints(MIN)).toIntArray()).containsExactly(MIN, 16777217);
            assertThatThrownBy(() -> a.gt(0.5))
                    .hasMessage("gt: x [2] is I32 but 0.5 is no whole number of 32 bits; give one, or convert x with"
                            + " to(DType.F32)");
            assertThatThrownBy(() -> a.add(Double.NaN)).hasMessageContaining("NaN is no whole number");
            assertThatThrownBy(() -> a.add(2147483648.0)).hasMessageContaining("2.147483648E9 is no whole number");
        }
    }

    @Test
    void reductionsAreExact() {
        try (Pass pass = Pass.infer()) {
            assertThat(x().sum(0).toIntArray()).containsExactly(-294967295, 1, 7);
            assertThat(x().sum().toIntArray()).containsExactly(-294967287);
            assertThat(x().cumsum(0).toIntArray())
                    .containsExactly(2000000000, -5, 7, -294967296, -2, 0, -294967295, 1, 7);
            assertThat(x().prod(0).toIntArray()).containsExactly((int) (4_000_000_000_000_000_000L), -45, -343);
            assertThat(Tensor.ofInts(new int[0], 0, 2).prod(0).toIntArray()).containsExactly(1, 1);
            assertThat(x().max(1).toIntArray()).containsExactly(2000000000, 2000000000, 7);
            assertThat(x().argmax(0).toIntArray()).containsExactly(0, 1, 0);
            assertThat(x().argmin(1).toIntArray()).containsExactly(1, 2, 0);
            assertThat(x().min().toIntArray()).containsExactly(-7);
            assertThat(Tensor.arange(6).reshape(1, 2, 3).sum(0, 2).toIntArray()).containsExactly(3, 12);
            assertThat(Tensor.arange(1, 7).reshape(1, 2, 3).prod(0, 2).toIntArray())
                    .containsExactly(6, 120);
        }
    }

    @Test
    void negativeIndicesCountFromTheEnd() {
        try (Pass pass = Pass.infer()) {
            assertThat(x().take(1, ints(-1, 0, -3)).toIntArray())
                    .containsExactly(7, 2000000000, 2000000000, -7, 2000000000, 2000000000, 7, 1, 1);
            assertThat(ints(MAX, 4, 2).indexAdd(0, ints(0, -1, 0), 2).toIntArray())
                    .containsExactly(-2147483647, 4);
            Tensor table = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
            assertThatThrownBy(() -> ints(-1).embedding(table, null))
                    .hasMessage("embedding: index -1 at row 0 is outside [0, 2): give the number of a row that exists");
        }
    }

    /** From PyTorch 1.13: gather, scatter_reduce, index_reduce and index_add. */
    @Test
    void scattersAsPyTorchDoes() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.ofInts(new int[] {1, 2, 3, 4, 5, 6}, 2, 3);
            Tensor index = Tensor.ofInts(new int[] {1, 0, 0, 0, 1, 1}, 3, 2);
            Tensor updates = Tensor.ofInts(new int[] {10, -20, 30, 40, -50, 60}, 3, 2);
            assertThat(x.gatherElements(0, index).toIntArray()).containsExactly(4, 2, 1, 2, 4, 5);
            int[][] expected = {
                {30, 40, 3, -50, 60, 6},
                {31, 22, 3, -36, 65, 6},
                {30, -1600, 3, -2000, 300, 6},
                {30, 40, 3, 10, 60, 6},
                {1, -20, 3, -50, 5, 6}
            };
            for (Scatter how : Scatter.values()) {
                assertThat(x.scatterElements(0, index, updates, how).toIntArray())
                        .as("%s", how)
                        .containsExactly(expected[how.ordinal()]);
                Tensor floats = x.to(DType.F32).scatterElements(0, index, updates.to(DType.F32), how);
                assertThat(floats.to(DType.I32).toIntArray()).containsExactly(expected[how.ordinal()]);
            }
            Tensor rows = updates.slice(0, 0, 2);
            assertThat(x.scatter(1, ints(2, -1), rows, Scatter.MUL).toIntArray())
                    .containsExactly(1, 2, -600, 4, 5, 7200);
            assertThat(x.scatter(1, ints(2, -1), rows, Scatter.ADD).toIntArray())
                    .containsExactly(1, 2, -7, 4, 5, 76);
        }
    }

    /** The gradient of a parameter is kept as rows, which negative numbers name too. */
    @Test
    void gradientsReachRowsThatAreCountedFromTheEnd() {
        try (Numbers values = new Numbers()) {
            Parameter p = values.parameter("w", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2);
            values.bind();
            try (Pass pass = Pass.grad()) {
                pass.backward(p.value()
                        .take(0, ints(-1, 1))
                        .mul(Tensor.of(new float[] {1, 2, 3, 4}, 2, 2))
                        .sum());
                assertThat(p.gradient().toArray()).containsExactly(0, 0, 3, 4, 0, 0, 1, 2);
                assertThat(p.gradientRows()).containsExactly(1, 3);
            }
        }
    }

    @Test
    void padsEveryDimension() {
        try (Pass pass = Pass.infer()) {
            Tensor framed = x().pad(0, 9, 1, 0).pad(-1, 9, 0, 2);
            assertThat(framed.shape()).isEqualTo(Shape.of(4, 5));
            assertThat(framed.toIntArray())
                    .containsExactly(9, 9, 9, 9, 9, 2000000000, -5, 7, 9, 9, 2000000000, 3, -7, 9, 9, 1, 3, 7, 9, 9);
            assertThat(x().slice(1, 0, 2).pad(1, PadMode.REFLECT, 1, 1).toIntArray())
                    .containsExactly(-5, 2000000000, -5, 2000000000, 3, 2000000000, 3, 2000000000, 3, 1, 3, 1);
        }
    }

    /**
     * Toward 0 and to the nearest number that the type has; no outside source, since NumPy leaves such casts undefined.
     */
    @Test
    void castsAreDefinedEverywhere() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(
                    new float[] {
                        Float.NaN,
                        -0.9f,
                        -1,
                        0.99f,
                        254.99f,
                        255.5f,
                        256,
                        3e9f,
                        Float.NEGATIVE_INFINITY,
                        Float.MAX_VALUE
                    },
                    10);
            assertThat(x.to(DType.U8).toIntArray()).containsExactly(0, 0, 0, 0, 254, 255, 255, 255, 0, 255);
            assertThat(x.to(DType.I32).toIntArray()).containsExactly(0, 0, -1, 0, 254, 255, 256, MAX, MIN, MAX);
            assertThat(ints(MIN, -1, 0, 255, 256, MAX).to(DType.U8).toIntArray())
                    .containsExactly(0, 0, 0, 255, 255, 255);
            Tensor bytes = Tensor.ofBytes(ByteBuffer.wrap(new byte[] {0, 127, -128, -1}), 4);
            assertThat(bytes.to(DType.I32).toIntArray()).containsExactly(0, 127, 128, 255);
            assertThat(bytes.flip(0).to(DType.F32).toArray()).containsExactly(255, 128, 127, 0);
        }
    }

    @Test
    void anEllipsisBroadcasts() {
        try (Pass pass = Pass.infer()) {
            Tensor a = Tensor.arange(12).to(DType.F32).reshape(2, 1, 2, 3);
            Tensor b = Tensor.arange(18).to(DType.F32).reshape(3, 3, 2);
            Tensor y = Tensor.einsum("...ij,...jk->...ik", a, b);
            assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 2, 2));
            assertThat(y.toArray())
                    .containsExactly(
                            10, 13, 28, 40, 28, 31, 100, 112, 46, 49, 172, 184, 46, 67, 64, 94, 172, 193, 244, 274, 298,
                            319, 424, 454);
            // without ->, the ellipsis comes first and the letters behind it
            assertThat(Tensor.einsum("...ji", b).shape()).isEqualTo(Shape.of(3, 2, 3));
            assertThat(Tensor.einsum("...i->...", x()).toIntArray()).containsExactly(2000000002, 1999999996, 11);
        }
    }
}
