package dev.fathom.onnx;

import dev.fathom.io.Stored;
import dev.fathom.op.DType;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of elements that ONNX has, in the order of their numbers ({@code TensorProto.DataType}). */
enum ElementType {
    UNDEFINED(null),
    FLOAT(Stored.F32),
    UINT8(Stored.U8),
    INT8(Stored.I8),
    UINT16(Stored.U16),
    INT16(Stored.I16),
    INT32(Stored.I32),
    INT64(Stored.I64),
    STRING(null),
    BOOL(Stored.BOOL),
    FLOAT16(Stored.F16),
    DOUBLE(Stored.F64),
    UINT32(Stored.U32),
    UINT64(Stored.U64),
    COMPLEX64(null),
    COMPLEX128(null),
    BFLOAT16(Stored.BF16),
    FLOAT8E4M3FN(null),
    FLOAT8E4M3FNUZ(null),
    FLOAT8E5M2(null),
    FLOAT8E5M2FNUZ(null),
    UINT4(null),
    INT4(null),
    FLOAT4E2M1(null),
    FLOAT8E8M0(null),
    UINT2(null),
    INT2(null);

    private static final ElementType[] ALL = values();

    /** How its numbers lie in a file, or null where such are not read. */
    final @Nullable Stored stored;

    ElementType(@Nullable Stored stored) {
        this.stored = stored;
    }

    /**
     * The type of this number.
     *
     * @throws IllegalArgumentException if ONNX has none
     */
    static ElementType of(int number) {
        if (number < 0 || number >= ALL.length) {
            throw new IllegalArgumentException("it has elements of type " + number + " but ONNX knows 0 to "
                    + (ALL.length - 1) + "; the file is damaged or of a later version, export it again");
        }
        return ALL[number];
    }

    /** Whether its numbers are integers or booleans. */
    boolean whole() {
        return stored != null && stored.dtype() != DType.F32;
    }

    /** Number {@code i} of integers as they lie in a file; a boolean is 0 or 1. */
    long wholeAt(ByteBuffer from, int i) {
        return switch (this) {
            case BOOL -> from.get(i) != 0 ? 1 : 0;
            case UINT8 -> from.get(i) & 0xff;
            case INT8 -> from.get(i);
            case UINT16 -> from.getShort(2 * i) & 0xffff;
            case INT16 -> from.getShort(2 * i);
            case INT32 -> from.getInt(4 * i);
            case UINT32 -> from.getInt(4 * i) & 0xffff_ffffL;
            case INT64, UINT64 -> from.getLong(8 * i);
            default -> throw new IllegalStateException(this + " is no type of integers");
        };
    }

    /** Number {@code i} of floats as they lie in a file. */
    double realAt(ByteBuffer from, int i) {
        return switch (this) {
            case FLOAT -> from.getFloat(4 * i);
            case DOUBLE -> from.getDouble(8 * i);
            case BFLOAT16 -> Float.intBitsToFloat(from.getShort(2 * i) << 16);
            case FLOAT16 -> half(from.getShort(2 * i));
            default -> throw new IllegalStateException(this + " is no type of floats");
        };
    }

    /** IEEE 754 binary16: a sign, five bits of the exponent, ten of the fraction. */
    private static double half(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        double size = switch (exponent) {
            case 0 -> Math.scalb((double) fraction, -24);
            case 0x1f -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            default -> Math.scalb((double) (fraction | 0x400), exponent - 25);
        };
        return bits < 0 ? -size : size;
    }

    /** What becomes of a whole number in this type, whose higher bits are lost. */
    long wrap(long value) {
        return switch (this) {
            case BOOL -> value != 0 ? 1 : 0;
            case UINT8 -> value & 0xff;
            case INT8 -> (byte) value;
            case UINT16 -> value & 0xffff;
            case INT16 -> (short) value;
            case INT32 -> (int) value;
            case UINT32 -> value & 0xffff_ffffL;
            default -> value;
        };
    }

    /** The nearest number of this type; of those that take less than a float, the nearest float. */
    double round(double value) {
        return this == DOUBLE ? value : (float) value;
    }

    /** As the specification writes it, such as {@code float} and {@code int64}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
