package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** I8, F16 and BF16 against their definitions, number by number: how they are made, converted, read and refused. */
class StoredTypesTest {
    private static final int ALL = 1 << 16;

    private static Tensor of(DType type, short... bits) {
        return type == DType.F16 ? Tensor.ofFloat16(bits, bits.length) : Tensor.ofBfloat16(bits, bits.length);
    }

    private static short[] all() {
        short[] bits = new short[ALL];
        for (int i = 0; i < ALL; i++) {
            bits[i] = (short) i;
        }
        return bits;
    }

    /** The number that IEEE 754 gives these bits, of which {@code digits} are behind the point. */
    private static double defined(int bits, int digits) {
        int top = (1 << 15 - digits) - 1;
        int exponent = bits >> digits & top;
        int fraction = bits & (1 << digits) - 1;
        double magnitude = exponent == top
                ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                : Math.scalb(
                        exponent == 0 ? fraction : fraction + (1 << digits),
                        Math.max(exponent, 1) - (top >> 1) - digits);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    private static int digits(DType type) {
        return type == DType.F16 ? 10 : 7;
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everyNumberIsWidenedAndNarrowedAgain(DType type) {
        ByteBuffer one = ByteBuffer.allocate(2);
        try (Pass pass = Pass.infer()) {
            Tensor t = of(type, all());
            float[] wide = t.to(DType.F32).toArray();
            short[] again = Tensor.of(wide, ALL).to(type).toShortArray();
            for (int i = 0; i < ALL; i++) {
                double expected = defined(i, digits(type));
                assertThat(Double.compare(wide[i], expected))
                        .as("%s %04x", type, i)
                        .isZero();
                type.put(one, 0, wide[i]);
                assertThat(Double.compare(type.get(one, 0), expected))
                        .as("%s %04x", type, i)
                        .isZero();
                if (!Double.isNaN(expected)) {
                    assertThat(again[i]).as("%s %04x", type, i).isEqualTo((short) i);
                    assertThat(one.getShort(0)).as("%s %04x", type, i).isEqualTo((short) i);
                } else { // its sign and upper bits stay, and it is quiet
                    assertThat(again[i]).isEqualTo((short) (i | 1 << digits(type) - 1));
                    assertThat(one.getShort(0)).isEqualTo(again[i]);
                }
            }
            assertThat(t.toShortArray()).isEqualTo(all());
        }
    }

    /** What lies halfway between two numbers goes to the even one, and its neighbors go to the nearer one. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everyRoundingIsToTheNearest(DType type) {
        int infinity = 0x7fff >> digits(type) << digits(type);
        float[] x = new float[6 * infinity];
        short[] expected = new short[x.length];
        for (int i = 0; i < infinity; i++) {
            double here = defined(i, digits(type));
            // beyond the largest number there is one that only rounding sees
            double next = i + 1 == infinity ? 2 * here - defined(i - 1, digits(type)) : defined(i + 1, digits(type));
            float middle = (float) ((here + next) / 2);
            x[6 * i] = Math.nextDown(middle);
            x[6 * i + 1] = middle;
            x[6 * i + 2] = Math.nextUp(middle);
            int[] to = {i, i + (i & 1), i + 1};
            for (int k = 0; k < 3; k++) {
                x[6 * i + 3 + k] = -x[6 * i + k];
                expected[6 * i + k] = (short) to[k];
                expected[6 * i + 3 + k] = (short) (to[k] | 0x8000);
            }
        }
        ByteBuffer one = ByteBuffer.allocate(2);
        try (Pass pass = Pass.infer()) {
            assertThat(Tensor.of(x, x.length).to(type).toShortArray()).isEqualTo(expected);
            for (int i = 0; i < x.length; i++) {
                type.put(one, 0, x[i]);
                assertThat(one.getShort(0)).as("%s", x[i]).isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void signedBytes() {
        float[] x = {Float.NaN, -128.9f, -129, -0.9f, 0.9f, 127.9f, 128, 3e9f, Float.NEGATIVE_INFINITY};
        try (Pass pass = Pass.infer()) {
            Tensor bytes = Tensor.of(x, x.length).to(DType.I8);
            assertThat(bytes.toIntArray()).containsExactly(0, -128, -128, 0, 0, 127, 127, 127, -128);
            assertThat(Tensor.ofInts(new int[] {Integer.MIN_VALUE, -129, -1, 300}, 4)
                            .to(DType.I8)
                            .toIntArray())
                    .containsExactly(-128, -128, -1, 127);
            Tensor given = Tensor.ofInt8(new byte[] {-128, -1, 0, 127}, 2, 2);
            assertThat(given.dtype()).isEqualTo(DType.I8);
            assertThat(given.to(DType.F32).toArray()).containsExactly(-128, -1, 0, 127);
            assertThat(given.to(DType.U8).toIntArray()).containsExactly(0, 0, 0, 127);
            assertThat(given.to(DType.F16).to(DType.I8).transpose(0, 1).toIntArray())
                    .containsExactly(-128, 0, -1, 127);
            // by way of F32, which holds this number as the one halfway between two of BF16
            assertThat(Tensor.ofInts(new int[] {(1 << 30) + (1 << 22) + 1}, 1)
                            .to(DType.BF16)
                            .to(DType.F32)
                            .item())
                    .isEqualTo(0x1p30f);
        }
    }

    @Test
    void theyAreSeenAsWhatTheyHold() {
        try (Pass pass = Pass.infer()) {
            Tensor half = of(DType.F16, (short) 0x3c00, (short) 0xc100, (short) 0x7c00);
            assertThat(half.toString()).endsWith(" [3] = [1.0, -2.5, Infinity]");
            assertThat(Tensor.ofInt8(new byte[] {-1, 2}, 2).toString()).endsWith(" [2] = [-1, 2]");
            assertThat(Tensor.ofBytes(ByteBuffer.wrap(new byte[] {-1, 2}), 2).toString())
                    .endsWith(" [2] = [255, 2]");
            assertThat(half.slice(0, 1, 2).item()).isEqualTo(-2.5f);
            assertThat(Tensor.ofBfloat16(new short[] {0x4049}, 1).item()).isEqualTo(3.140625f);
            assertThat(half.to(DType.F16)).isSameAs(half);
            try (KeptTensor kept = half.keep()) {
                assertThat(kept.toShortArray()).containsExactly(0x3c00, (short) 0xc100, 0x7c00);
            }
            assertThat(half.pad(0, 0.1, 1, 0).to(DType.F32).toArray()[0]).isEqualTo(0.0999755859375f);
        }
    }

    @Test
    void refusalsNameTheWayOut() {
        try (Pass pass = Pass.infer()) {
            Tensor half = pass.create(Shape.of(2), DType.F16);
            Tensor bytes = Tensor.ofInt8(new byte[2], 2);
            refused(
                    half::toArray,
                    "toArray: tensor value[#0] [2] is F16; use to(DType.F32), or toShortArray() for the bits");
            refused(
                    half::toIntArray,
                    "toIntArray: tensor value[#0] [2] is F16; use toShortArray(), or to(DType.F32) before toArray()");
            refused(bytes::toShortArray, "toShortArray: tensor value[#1] [2] is I8; use toIntArray()");
            refused(() -> Tensor.scalar(1).toShortArray(), "toShortArray: tensor value[#2] [] is F32; use toArray()");
            refused(() -> half.add(1), "add_scalar: x [2] is F16 but must be F32; convert it with to(DType.F32)");
            refused(() -> half.relu(), "relu: x [2] is F16 but must be F32; convert it with to(DType.F32)");
            refused(() -> bytes.cumsum(0), "cumsum: x [2] is I8 but must be F32 or I32; convert it with to(DType.F32)");
            refused(
                    () -> Tensor.ofFloat16(new short[3], 2),
                    "of: 3 values do not fill shape [2], which has 2 elements; give one value for each");
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    /** The order of these is that of the native table. */
    @Test
    void typesAreWhatTheKernelsCallThem() {
        assertThat(Arrays.toString(DType.values())).isEqualTo("[F32, I32, U8, I8, F16, BF16]");
        assertThat(Arrays.stream(DType.values()).mapToInt(DType::bytes)).containsExactly(4, 4, 1, 1, 2, 2);
    }
}
