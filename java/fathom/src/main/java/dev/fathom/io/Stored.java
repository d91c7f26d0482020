package dev.fathom.io;

import dev.fathom.op.DType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How numbers lie in a file, and how they become the three kinds that tensors have. Widening is exact. Narrowing rounds
 * a float64 to the nearest float32 and refuses what would change otherwise: an integer that has no equal, a finite
 * number that would become infinite.
 */
public enum Stored {
    /** A byte; all but 0 is true, read as 1. */
    BOOL(1, DType.U8),
    U8(1, DType.U8),
    I8(1, DType.I32),
    I16(2, DType.I32),
    U16(2, DType.I32),
    I32(4, DType.I32),
    U32(4, DType.I32),
    I64(8, DType.I32),
    U64(8, DType.I32),
    /** IEEE 754 binary16. */
    F16(2, DType.F32),
    /** The upper half of a float32. */
    BF16(2, DType.F32),
    F32(4, DType.F32),
    F64(8, DType.F32);

    private final int bytes;
    private final DType dtype;

    Stored(int bytes, DType dtype) {
        this.bytes = bytes;
        this.dtype = dtype;
    }

    /** Returns the bytes of one number. */
    public int bytes() {
        return bytes;
    }

    /** Returns the type as which such numbers are read. */
    public DType dtype() {
        return dtype;
    }

    /** Returns the type of tensors that holds such numbers as they are, or {@link #dtype} where there is none. */
    public DType kept() {
        return Arrays.stream(DType.values())
                .filter(t -> t.name().equals(name()))
                .findFirst()
                .orElse(dtype);
    }

    /** Returns the kind of this name, or null. */
    public static @Nullable Stored named(String name) {
        for (Stored s : values()) {
            if (s.name().equals(name)) {
                return s;
            }
        }
        return null;
    }

    /**
     * Converts {@code n} numbers at the beginning of {@code from} to {@link #dtype} or {@link #kept}, from the
     * beginning of {@code to} on, in its byte order; returns how many before one that does not fit, n if all do.
     */
    int convert(ByteBuffer from, int n, ByteBuffer to, DType type) {
        return switch (type) {
            case F32 -> floats(from, n, to.asFloatBuffer());
            case I32 -> ints(from, n, to.asIntBuffer());
            case U8, I8 -> bytes(from, n, to);
            case F16, BF16 -> {
                to.asShortBuffer().put(from.asShortBuffer().limit(n));
                yield n;
            }
        };
    }

    /**
     * Converts {@code n} numbers at the beginning of {@code from} to floats; returns how many before one that would
     * change.
     */
    int floats(ByteBuffer from, int n, FloatBuffer to) {
        if (this == F32) {
            to.put(from.asFloatBuffer().limit(n));
            return n;
        }
        for (int i = 0; i < n; i++) {
            double wide = number(from, i);
            float f = (float) wide;
            boolean fits = dtype == DType.F32 ? Float.isInfinite(f) == Double.isInfinite(wide) : exact(from, i, f);
            if (!fits) {
                return i;
            }
            to.put(f);
        }
        return n;
    }

    /**
     * Converts {@code n} integers at the beginning of {@code from}, never floats; returns how many before one that does
     * not fit an int.
     */
    int ints(ByteBuffer from, int n, IntBuffer to) {
        if (this == I32) {
            to.put(from.asIntBuffer().limit(n));
            return n;
        }
        for (int i = 0; i < n; i++) {
            long value = integer(from, i);
            if (value != (int) value || this == U64 && value < 0) {
                return i;
            }
            to.put((int) value);
        }
        return n;
    }

    private int bytes(ByteBuffer from, int n, ByteBuffer to) {
        for (int i = 0; i < n; i++) {
            to.put((byte) integer(from, i));
        }
        return n;
    }

    /** Number {@code i} as text. */
    String text(ByteBuffer from, int i) {
        return dtype == DType.F32
                ? Double.toString(number(from, i))
                : this == U64 ? Long.toUnsignedString(integer(from, i)) : Long.toString(integer(from, i));
    }

    private boolean exact(ByteBuffer from, int i, float f) {
        long value = integer(from, i);
        if (this == U64 && value < 0) { // 2^63 or more: half of it is compared, and its last bit must be 0
            return f < 0x1p64f && (value & 1) == 0 && (long) (f / 2) == value >>> 1;
        }
        // 2^63 would be cast back to 2^63 - 1
        return f < 0x1p63f && (long) f == value;
    }

    /** Returns number {@code i} of those at the beginning of {@code from}, the nearest double of a large integer. */
    public double number(ByteBuffer from, int i) {
        return switch (this) {
            case F16 -> DType.F16.get(from, i);
            case BF16 -> DType.BF16.get(from, i);
            case F32 -> from.getFloat(4 * i);
            case F64 -> from.getDouble(8 * i);
            case U64 -> {
                long value = integer(from, i);
                // the last bit is kept where the half is rounded
                yield value >= 0 ? value : 2.0 * (value >>> 1 | value & 1);
            }
            default -> integer(from, i);
        };
    }

    /**
     * Returns integer {@code i} of those at the beginning of {@code from}. A U64 of 2^63 or more is negative.
     *
     * @throws IllegalStateException if these are floats
     */
    public long integer(ByteBuffer from, int i) {
        return switch (this) {
            case BOOL -> from.get(i) == 0 ? 0 : 1;
            case U8 -> from.get(i) & 0xff;
            case I8 -> from.get(i);
            case I16 -> from.getShort(2 * i);
            case U16 -> from.getShort(2 * i) & 0xffff;
            case I32 -> from.getInt(4 * i);
            case U32 -> from.getInt(4 * i) & 0xffffffffL;
            case I64, U64 -> from.getLong(8 * i);
            default -> throw new IllegalStateException(this + " is no integer");
        };
    }
}
