package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Reads;
import dev.fathom.op.Shape;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The elementwise functions of two inputs, with NumPy's broadcasting. The rows up to {@link #NE} are those of
 * {@code native/src/binary.def}; a test compares the two tables. {@link #INTEGERS} are also, and those behind NE only,
 * functions of two I32, whose results wrap around; comparisons give F32 masks of either type.
 */
public enum Binary implements Op {
    /** a + b. */
    ADD(Reads.NONE),
    /** a - b. */
    SUB(Reads.NONE),
    /** a b. */
    MUL(Reads.A | Reads.B),
    /** a / b, of integers toward 0; one that is 0 is refused. */
    DIV(Reads.B | Reads.OUTPUT),
    /** max(a, 0) - a b + log(1 + exp(-|a|)): binary cross-entropy of logits a against targets b. */
    BCE_LOGITS(Reads.A | Reads.B),
    /** The larger of a and b; if they are equal, each gets half of the gradient. */
    MAX(Reads.A | Reads.B),
    /** The smaller of a and b; if they are equal, each gets half of the gradient. */
    MIN(Reads.A | Reads.B),
    /** a to the b, as IEEE 754 has it; of integers the inverse of a power is truncated to 0, but not of 1 and -1. */
    POW(Reads.A | Reads.B | Reads.OUTPUT),
    /** a for a &gt; 0, else b a, with a slope b that is learned (He et al. 2015). */
    PRELU(Reads.A | Reads.B),
    /** a / (1 + exp(-b a)) with a b that is learned (Ramachandran et al. 2017). */
    SWISH(Reads.A | Reads.B),
    /** a - b floor(a / b), with the sign of b; an integer b that is 0 is refused. */
    MOD(Reads.A | Reads.B | Reads.OUTPUT),
    /** a - b trunc(a / b), with the sign of a; an integer b that is 0 is refused. */
    FMOD(Reads.A | Reads.B | Reads.OUTPUT),
    /** 1 where a &gt; b, else 0. */
    GT(Reads.FLAT),
    /** 1 where a &gt;= b, else 0. */
    GE(Reads.FLAT),
    /** 1 where a &lt; b, else 0. */
    LT(Reads.FLAT),
    /** 1 where a &lt;= b, else 0. */
    LE(Reads.FLAT),
    /** 1 where a = b, else 0. */
    EQ(Reads.FLAT),
    /** 1 where a and b differ, else 0. */
    NE(Reads.FLAT),
    /** The bits that both of two integers have. */
    BIT_AND(Reads.FLAT),
    /** The bits that one of two integers has. */
    BIT_OR(Reads.FLAT),
    /** The bits in which two integers differ. */
    BIT_XOR(Reads.FLAT),
    /** The bits of the integer a, b places further up; all leave where b is not in [0, 32). */
    SHIFT_LEFT(Reads.FLAT),
    /**
     * The bits of the integer a, b places further down, where the sign follows; none but the sign is left where b is
     * not in [0, 32).
     */
    SHIFT_RIGHT(Reads.FLAT);

    /** Those of integers, in the order of {@code native/src/integer.def}. */
    public static final List<Binary> INTEGERS = List.of(
            ADD,
            SUB,
            MUL,
            DIV,
            MAX,
            MIN,
            POW,
            MOD,
            FMOD,
            GT,
            GE,
            LT,
            LE,
            EQ,
            NE,
            BIT_AND,
            BIT_OR,
            BIT_XOR,
            SHIFT_LEFT,
            SHIFT_RIGHT);

    private static final String[] NAMES = {"a", "b"};

    private final int reads;

    Binary(int reads) {
        this.reads = reads;
    }

    /** This row as the native table writes it: {@code name:parameters:reads}. */
    public String row() {
        return label() + ":0:" + Reads.text(reads, "A", "B");
    }

    @Override
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public @Nullable DType takes(int i) {
        return ofBits() ? DType.I32 : INTEGERS.contains(this) ? null : DType.F32;
    }

    @Override
    public DType dtype(Call c, int output) {
        return differentiable() || ofBits() ? c.dtype(0) : DType.F32;
    }

    /** Whether it is a function of integers alone. */
    public boolean ofBits() {
        return compareTo(NE) > 0;
    }

    @Override
    public Shape shape(Call c, int output) {
        DType a = c.dtype(0);
        DType b = c.dtype(1);
        if (a != b && (a.computes() || b.computes())) {
            throw c.fail("a " + c.shape(0) + " is " + a + " but b " + c.shape(1) + " is " + b + "; convert "
                    + (a == DType.F32 || !b.computes() ? "b" : "a") + " with to(DType."
                    + (a == DType.F32 || b == DType.F32 ? DType.F32 : DType.I32) + ")");
        }
        MoveOp.words(c);
        return Broadcast.shape(c, NAMES, c.shape(0), c.shape(1));
    }

    @Override
    public boolean differentiable() {
        return reads != Reads.FLAT;
    }

    @Override
    public boolean readsInput(int i) {
        return (reads & (i == 0 ? Reads.A : Reads.B)) != 0;
    }

    @Override
    public boolean readsOutput(int o) {
        return (reads & Reads.OUTPUT) != 0;
    }

    @Override
    public void forward(Call c) {
        boolean integers = c.dtype(0) == DType.I32;
        c.begin(integers ? Kernel.INTEGER : Kernel.BINARY).put(integers ? INTEGERS.indexOf(this) : ordinal());
        Broadcast.put(c.at(c.in(0), c.in(1), c.out(0)), c.outShape(0), c.shape(0), c.shape(1));
        (integers ? c : c.put(0f).put(0f)).run();
    }

    @Override
    public void backward(Grad g) {
        long a = readsInput(0) ? g.in(0) : 0;
        long b = readsInput(1) ? g.in(1) : 0;
        long y = readsOutput(0) ? g.out(0) : 0;
        for (int which = 0; which < 2; which++) {
            if (!g.wants(which)) {
                continue;
            }
            long dy = g.dout(0);
            if (g.shape(which).size() == g.outShape(0).size()) {
                long dx = g.din(which);
                grad(g, which, a, b, y, dy, dx, g.adds());
            } else {
                long full = dy;
                if (this != ADD && !(this == SUB && which == 0)) {
                    full = g.scratch(4 * g.outShape(0).size());
                    grad(g, which, a, b, y, dy, full, false);
                }
                long dx = g.din(which);
                Broadcast.sum(g, full, g.outShape(0), dx, g.shape(which), g.adds());
            }
        }
    }

    private void grad(Grad g, int which, long a, long b, long y, long dy, long dx, boolean add) {
        g.begin(Kernel.BINARY_GRAD).put(ordinal(), which).at(a, b, y, dy, dx);
        Broadcast.put(g, g.outShape(0), g.shape(0), g.shape(1));
        g.put(0f).put(0f).put(add ? 1 : 0).run();
    }
}
