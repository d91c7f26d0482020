package dev.fathom.op;

/** What the elements of a {@code Tensor} are. float32 is the arithmetic; integers are labels, indices and raw pixels. */
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

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
