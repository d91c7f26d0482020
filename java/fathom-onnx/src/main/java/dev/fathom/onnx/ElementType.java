package dev.fathom.onnx;

import dev.fathom.io.Stored;
import dev.fathom.op.DType;
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

    /** The type as which a pass holds such elements: booleans as 0 and 1 of F32, as masks are. */
    DType dtype() {
        return whole() && this != BOOL ? DType.I32 : DType.F32;
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
