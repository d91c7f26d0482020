package dev.fathom.op;

import java.nio.ByteBuffer;

/**
 * The element type of a {@code Tensor}. Functions with gradients are computed in F32. I32 has exact arithmetic of its
 * own, which wraps around as that of Java's int does. Tensors of the other types only move and are converted.
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** Two's complement 32-bit integer. */
    I32(4),
    /** Unsigned byte. */
    U8(1),
    /** Two's complement byte. */
    I8(1),
    /** IEEE 754 binary16, which PyTorch calls half: 11 binary digits, and 65504 is the largest. */
    F16(2),
    /**
     * The upper half of a binary32, which is called bfloat16: 8 binary digits, and numbers as large as those of F32.
     */
    BF16(2);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Returns whether there are ops that compute with such elements, as there are for F32 and I32. */
    public boolean computes() {
        return this == F32 || this == I32;
    }

    /** Returns whether the elements are whole numbers. */
    public boolean isWhole() {
        return this == I32 || this == U8 || this == I8;
    }

    /** Returns element {@code i} of those at the beginning of {@code from}, in its byte order. */
    public double get(ByteBuffer from, int i) {
        return switch (this) {
            case F32 -> from.getFloat(4 * i);
            case I32 -> from.getInt(4 * i);
            case U8 -> from.get(i) & 0xff;
            case I8 -> from.get(i);
            case F16 -> half(from.getShort(2 * i));
            case BF16 -> Float.intBitsToFloat(from.getShort(2 * i) << 16);
        };
    }

    /** Returns element {@code i} as text, such as {@code 1} or {@code 0.5}. */
    public String text(ByteBuffer from, int i) {
        double value = get(from, i);
        return isWhole() ? "" + (int) value : "" + (float) value;
    }

    /**
     * Makes the number that {@code value} becomes in this type, as {@code Tensor.to} does, element {@code i} of those
     * at the beginning of {@code to}, in its byte order.
     */
    public void put(ByteBuffer to, int i, double value) {
        float near = (float) value;
        int bits = Float.floatToRawIntBits(near);
        switch (this) {
            case F32 -> to.putFloat(4 * i, near);
            case I32 -> to.putInt(4 * i, (int) value);
            case U8 -> to.put(i, (byte) Math.max(0, Math.min((int) value, 255)));
            case I8 -> to.put(i, (byte) Math.max(-128, Math.min((int) value, 127)));
            case F16 -> to.putShort(2 * i, (short) half(near));
            case BF16 ->
                to.putShort(2 * i, (short)
                        (Float.isNaN(near) ? bits >> 16 | 0x40 : bits + 0x7fff + (bits >> 16 & 1) >> 16));
        }
    }

    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 31;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign | 0x3f800000));
        }
        return Float.intBitsToFloat(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
    }

    private static int half(float x) {
        int sign = Float.floatToRawIntBits(x) >> 16 & 0x8000;
        int rest = Float.floatToRawIntBits(x) & 0x7fffffff;
        if (rest > 0x7f800000) {
            return sign | 0x7e00 | rest >> 13 & 0x3ff;
        }
        int magnitude = rest < 0x38800000 // below 2^-14 they lie 2^-24 apart
                ? (int) Math.rint(Math.abs(x) * 0x1p24)
                : (rest + 0xfff + (rest >> 13 & 1) >> 13) - (112 << 10);
        return sign | Math.min(magnitude, 0x7c00);
    }
}
