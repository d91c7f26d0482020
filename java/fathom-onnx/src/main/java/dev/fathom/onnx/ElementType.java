package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.io.Stored;
import dev.fathom.io.TensorFile;
import dev.fathom.op.DType;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The types of elements that ONNX has, in the order of their numbers ({@code TensorProto.DataType}). */
enum ElementType {
    UNDEFINED(),
    FLOAT(Stored.F32),
    UINT8(Stored.U8),
    INT8(Stored.I8),
    UINT16(Stored.U16),
    INT16(Stored.I16),
    INT32(Stored.I32),
    INT64(Stored.I64),
    STRING(),
    BOOL(Stored.BOOL),
    FLOAT16(Stored.F16),
    DOUBLE(Stored.F64),
    UINT32(Stored.U32),
    UINT64(Stored.U64),
    COMPLEX64(),
    COMPLEX128(),
    BFLOAT16(Stored.BF16),
    FLOAT8E4M3FN(SmallFloat.E4M3FN),
    FLOAT8E4M3FNUZ(SmallFloat.E4M3FNUZ),
    FLOAT8E5M2(SmallFloat.E5M2),
    FLOAT8E5M2FNUZ(SmallFloat.E5M2FNUZ),
    UINT4(Stored.U8, 4),
    INT4(Stored.I8, 4),
    FLOAT4E2M1(SmallFloat.E2M1),
    FLOAT8E8M0(SmallFloat.E8M0),
    UINT2(Stored.U8, 2),
    INT2(Stored.I8, 2),
    FLOAT6E2M3(SmallFloat.E2M3),
    FLOAT6E3M2(SmallFloat.E3M2);

    private static final ElementType[] ALL = values();

    /** The type as which its numbers are read, or null if they are not read. A file may have fewer bits of each. */
    final @Nullable Stored stored;
    /** The bits of a number in a file. */
    final int bits;
    /** The format of floats that have fewer bits than those of 32, or null for other types. */
    final @Nullable SmallFloat small;

    ElementType(@Nullable Stored stored, int bits, @Nullable SmallFloat small) {
        this.stored = stored;
        this.bits = bits;
        this.small = small;
    }

    ElementType() {
        this(null, 0, null);
    }

    ElementType(Stored stored) {
        this(stored, 8 * stored.bytes(), null);
    }

    ElementType(Stored stored, int bits) {
        this(stored, bits, null);
    }

    ElementType(SmallFloat small) {
        this(Stored.F32, small.bits, small);
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

    /** Whether its numbers are integers without a sign. */
    boolean unsigned() {
        return name().startsWith("U");
    }

    /** What becomes of a whole number in this type, whose higher bits are lost. */
    long wrap(long value) {
        if (this == BOOL) {
            return value != 0 ? 1 : 0;
        }
        long above = value << 64 - bits;
        return unsigned() ? above >>> 64 - bits : above >> 64 - bits;
    }

    /** Widens packed numbers to the type as which they are read. The first lies in the lowest bits of a byte. */
    TensorFile.Source unpacked(TensorFile.Source packed) {
        int width = requireNonNull(stored).bytes();
        int[] table = IntStream.range(0, 1 << bits)
                .map(code -> small == null ? (int) wrap(code) : Float.floatToRawIntBits(small.number(code)))
                .toArray();
        return (at, to, n) -> {
            long begin = at / width * bits / 8;
            long end = ((at + n + width - 1) / width * bits + 7) / 8;
            byte[] some = new byte[(int) (end - begin) + 1]; // one more, for numbers that end in the next byte
            packed.read(begin, some, some.length - 1);
            for (int i = 0; i < n; i++) {
                long bit = (at + i) / width * bits - 8 * begin;
                int b = (int) (bit / 8);
                int code = ((some[b] & 0xff) | some[b + 1] << 8) >> bit % 8 & table.length - 1;
                to[i] = (byte) (table[code] >> (at + i) % width * 8);
            }
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
