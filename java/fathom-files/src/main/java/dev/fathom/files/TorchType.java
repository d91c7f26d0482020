package dev.fathom.files;

import dev.fathom.io.Stored;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of numbers of PyTorch, by the names of {@code torch.float32} and of its storages. */
enum TorchType {
    FLOAT32("Float", Stored.F32, 4),
    FLOAT64("Double", Stored.F64, 8),
    FLOAT16("Half", Stored.F16, 2),
    BFLOAT16("BFloat16", Stored.BF16, 2),
    INT8("Char", Stored.I8, 1),
    INT16("Short", Stored.I16, 2),
    INT32("Int", Stored.I32, 4),
    INT64("Long", Stored.I64, 8),
    UINT8("Byte", Stored.U8, 1),
    UINT16("UInt16", Stored.U16, 2),
    UINT32("UInt32", Stored.U32, 4),
    UINT64("UInt64", Stored.U64, 8),
    BOOL("Bool", Stored.BOOL, 1),
    COMPLEX32("ComplexHalf", null, 4),
    COMPLEX64("ComplexFloat", null, 8),
    COMPLEX128("ComplexDouble", null, 16),
    QINT8("QInt8", null, 1),
    QUINT8("QUInt8", null, 1),
    QINT32("QInt32", null, 4),
    QUINT4X2("QUInt4x2", null, 1),
    QUINT2X4("QUInt2x4", null, 1),
    FLOAT8_E4M3FN("Float8_e4m3fn", null, 1),
    FLOAT8_E5M2("Float8_e5m2", null, 1),
    FLOAT8_E4M3FNUZ("Float8_e4m3fnuz", null, 1),
    FLOAT8_E5M2FNUZ("Float8_e5m2fnuz", null, 1),
    FLOAT8_E8M0FNU("Float8_e8m0fnu", null, 1);

    private final String storage;
    final @Nullable Stored stored;
    final int bytes;

    TorchType(String storage, @Nullable Stored stored, int bytes) {
        this.storage = storage;
        this.stored = stored;
        this.bytes = bytes;
    }

    /** The type of a storage such as FloatStorage, or null. */
    static @Nullable TorchType ofStorage(String name) {
        for (TorchType t : values()) {
            if (name.equals(t.storage + "Storage")) {
                return t;
            }
        }
        return null;
    }

    /** The type of this name in PyTorch, or null. */
    static @Nullable TorchType named(String name) {
        for (TorchType t : values()) {
            if (name.equals(t.toString())) {
                return t;
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
