package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.Locale;

/**
 * The elementwise functions of two I32 tensors, which broadcast as those of {@link Binary} do. Comparisons give F32
 * masks. No gradient flows. The rows are those of {@code native/src/integer.def}; a test compares the two tables.
 */
public enum IntBinary implements Op {
    /** a + b, wrapping around. */
    ADD(DType.I32),
    /** a - b, wrapping around. */
    SUB(DType.I32),
    /** a b, wrapping around. */
    MUL(DType.I32),
    /** a / b toward 0, wrapping around where the least number is divided by -1; a b that is 0 is refused. */
    DIV(DType.I32),
    /** The larger of a and b. */
    MAX(DType.I32),
    /** The smaller of a and b. */
    MIN(DType.I32),
    /** 1 where a &gt; b, else 0. */
    GT(DType.F32),
    /** 1 where a &gt;= b, else 0. */
    GE(DType.F32),
    /** 1 where a &lt; b, else 0. */
    LT(DType.F32),
    /** 1 where a &lt;= b, else 0. */
    LE(DType.F32),
    /** 1 where a = b, else 0. */
    EQ(DType.F32),
    /** 1 where a and b differ, else 0. */
    NE(DType.F32);

    private final DType result;

    IntBinary(DType result) {
        this.result = result;
    }

    @Override
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Shape shape(Call c, int output) {
        return Broadcast.shape(c, Binary.NAMES, c.shape(0), c.shape(1));
    }

    @Override
    public DType dtype(Call c, int output) {
        return result;
    }

    @Override
    public DType takes(int i) {
        return DType.I32;
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.INTEGER).put(ordinal()).at(c.in(0), c.in(1), c.out(0));
        Broadcast.put(c, c.outShape(0), c.shape(0), c.shape(1));
        c.run();
    }
}
