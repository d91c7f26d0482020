package dev.fathom.op;

/**
 * The element type of a {@code Tensor}. Functions with gradients are computed in F32. I32 has exact arithmetic of its
 * own, which wraps around as that of Java's int does, and U8 only moves and is converted.
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** Two's complement 32-bit integer. */
    I32(4),
    /** Unsigned byte. */
    U8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
