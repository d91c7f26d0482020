package dev.fathom.op;

/** The element type of a {@code Tensor}. Arithmetic is in float32; integers are labels, indices and raw pixels. */
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
