package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.Stored;
import dev.fathom.io.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The types of numbers in GGUF, by the names and numbers of ggml. Quantized ones lie in blocks, each with a scale d of
 * its own, and the larger ones with scales and minima of parts of the block (<a
 * href="https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h">ggml-common.h</a>). Those that have a
 * {@link Dequantizer} are read as float32.
 */
enum GgufType {
    F32(0, Stored.F32),
    F16(1, Stored.F16),
    Q4_0(2, 32, 18, GgufType::q4),
    Q4_1(3, 32, 20, GgufType::q4),
    Q5_0(6, 32, 22, GgufType::q5),
    Q5_1(7, 32, 24, GgufType::q5),
    Q8_0(8, 32, 34, GgufType::q8),
    Q8_1(9, 32, 36, null),
    Q2_K(10, 256, 84, null),
    Q3_K(11, 256, 110, null),
    Q4_K(12, 256, 144, GgufType::q45k),
    Q5_K(13, 256, 176, GgufType::q45k),
    Q6_K(14, 256, 210, GgufType::q6k),
    Q8_K(15, 256, 292, null),
    IQ2_XXS(16, 256, 66, null),
    IQ2_XS(17, 256, 74, null),
    IQ3_XXS(18, 256, 98, null),
    IQ1_S(19, 256, 50, null),
    IQ4_NL(20, 32, 18, null),
    IQ3_S(21, 256, 110, null),
    IQ2_S(22, 256, 82, null),
    IQ4_XS(23, 256, 136, null),
    I8(24, Stored.I8),
    I16(25, Stored.I16),
    I32(26, Stored.I32),
    I64(27, Stored.I64),
    F64(28, Stored.F64),
    IQ1_M(29, 256, 56, null),
    BF16(30, Stored.BF16),
    TQ1_0(34, 256, 54, null),
    TQ2_0(35, 256, 66, null),
    MXFP4(39, 32, 17, null);

    private final int number;
    /** How many numbers lie in a block. */
    final int block;
    /** What a block takes. */
    final int bytes;

    private final @Nullable Stored stored;
    private final @Nullable Dequantizer dequantizer;

    /** Puts the numbers of the block that begins at a place as floats. */
    private interface Dequantizer {
        void put(ByteBuffer from, int at, GgufType type, float[] to);
    }

    GgufType(int number, Stored stored) {
        this.number = number;
        this.block = 1;
        this.bytes = stored.bytes();
        this.stored = stored;
        this.dequantizer = null;
    }

    GgufType(int number, int block, int bytes, @Nullable Dequantizer dequantizer) {
        this.number = number;
        this.block = block;
        this.bytes = bytes;
        this.stored = dequantizer == null ? null : Stored.F32;
        this.dequantizer = dequantizer;
    }

    /** The type of this number, or null. */
    static @Nullable GgufType of(int number) {
        for (GgufType t : values()) {
            if (t.number == number) {
                return t;
            }
        }
        return null;
    }

    /** How {@link #source} gives the numbers, or null where it does not. */
    @Nullable
    Stored stored(boolean big) {
        return big && dequantizer != null ? null : stored;
    }

    TensorFile.Source source(Bytes data, long begin, long[] dims, boolean big) {
        if (stored != null && dequantizer == null) {
            return new View(data, begin, dims, View.rowMajor(dims), bytes, big);
        }
        return new Blocks(TensorFile.Entry.elements(dims), block, (from, n, to) -> blocks(data, begin, from, n, to));
    }

    private void blocks(Bytes data, long begin, long from, int n, ByteBuffer to) throws IOException {
        byte[] raw = new byte[n / block * bytes];
        data.read(begin + from / block * bytes, raw, raw.length);
        ByteBuffer all = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[block];
        for (int at = 0; at < raw.length && dequantizer != null; at += bytes) {
            dequantizer.put(all, at, this, values);
            for (float value : values) {
                to.putFloat(value);
            }
        }
    }

    // ---- the blocks

    private static int unsigned(ByteBuffer from, int at) {
        return from.get(at) & 0xff;
    }

    private static float half(ByteBuffer from, int at) {
        int bits = from.getShort(at);
        int exponent = bits >> 10 & 31;
        int fraction = bits & 0x3ff;
        float size = exponent == 0
                ? fraction * 0x1p-24f
                : Float.intBitsToFloat((exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
        return bits < 0 ? -size : size;
    }

    /** d (q - 8), or d q + m; the low halves of 16 bytes, then the high ones. */
    private static void q4(ByteBuffer from, int at, GgufType type, float[] to) {
        boolean plain = type == Q4_0;
        float d = half(from, at);
        float m = plain ? 0 : half(from, at + 2);
        for (int i = 0; i < 32; i++) {
            int q = unsigned(from, at + (plain ? 2 : 4) + i % 16) >> (i < 16 ? 0 : 4) & 15;
            to[i] = plain ? d * (q - 8) : d * q + m;
        }
    }

    /** As {@link #q4}, with a fifth bit of each number in 32 bits of their own: d (q - 16), or d q + m. */
    private static void q5(ByteBuffer from, int at, GgufType type, float[] to) {
        boolean plain = type == Q5_0;
        float d = half(from, at);
        float m = plain ? 0 : half(from, at + 2);
        int high = from.getInt(at + (plain ? 2 : 4));
        for (int i = 0; i < 32; i++) {
            int low = unsigned(from, at + (plain ? 6 : 8) + i % 16) >> (i < 16 ? 0 : 4) & 15;
            int q = low | (high >> i & 1) << 4;
            to[i] = plain ? d * (q - 16) : d * q + m;
        }
    }

    /** d q. */
    private static void q8(ByteBuffer from, int at, GgufType type, float[] to) {
        float d = half(from, at);
        for (int i = 0; i < 32; i++) {
            to[i] = d * from.get(at + 2 + i);
        }
    }

    /**
     * d s q - e m for eight parts of 32 numbers, whose scales s and minima m have six bits each, packed into twelve
     * bytes; Q5_K has the fifth bits behind them.
     */
    private static void q45k(ByteBuffer from, int at, GgufType type, float[] to) {
        float d = half(from, at);
        float e = half(from, at + 2);
        int packed = at + 4;
        int highs = at + 16;
        int lows = type == Q4_K ? highs : highs + 32;
        for (int part = 0; part < 8; part++) {
            int s;
            int m;
            if (part < 4) {
                s = unsigned(from, packed + part) & 63;
                m = unsigned(from, packed + part + 4) & 63;
            } else {
                int both = unsigned(from, packed + part + 4);
                s = both & 15 | unsigned(from, packed + part - 4) >> 6 << 4;
                m = both >> 4 | unsigned(from, packed + part) >> 6 << 4;
            }
            float scale = d * s;
            float minimum = e * m;
            for (int i = 0; i < 32; i++) {
                int q = unsigned(from, lows + part / 2 * 32 + i) >> 4 * (part % 2) & 15;
                if (type == Q5_K) {
                    q |= (unsigned(from, highs + i) >> part & 1) << 4;
                }
                to[32 * part + i] = scale * q - minimum;
            }
        }
    }

    /** d s (q - 32) for 16 parts of 16 numbers, whose scales are bytes; four low bits of each number, then two high. */
    private static void q6k(ByteBuffer from, int at, GgufType type, float[] to) {
        float d = half(from, at + 208);
        for (int i = 0; i < 256; i++) {
            int half = i / 128;
            int within = i % 128;
            int low = unsigned(from, at + 64 * half + within % 64) >> 4 * (within / 64) & 15;
            int high = unsigned(from, at + 128 + 32 * half + within % 32) >> 2 * (within / 32) & 3;
            to[i] = d * from.get(at + 192 + i / 16) * ((low | high << 4) - 32);
        }
    }
}
