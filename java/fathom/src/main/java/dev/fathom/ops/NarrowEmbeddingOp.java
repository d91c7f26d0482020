package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * {@link EmbeddingOp} in a plan that stores the table in BF16, or in I8 with a scale for each row as the last input, by
 * which its numbers are multiplied.
 */
public record NarrowEmbeddingOp(DType weights) implements RowsOp {
    /** The place of the scales. */
    public static final int SCALE = 2;

    /**
     * Checks the type.
     *
     * @throws IllegalArgumentException if it is neither BF16 nor I8
     */
    public NarrowEmbeddingOp {
        check(weights);
    }

    static void check(DType weights) {
        if (weights != DType.BF16 && weights != DType.I8) {
            throw new IllegalArgumentException("weights are stored in BF16 or I8 but not in " + weights);
        }
    }

    /** Refuses scales [n] that do not fit the weights [n, ..] of input {@code i}. */
    static void checkScales(Call c, int i, int scale, DType weights) {
        boolean given = c.has(scale);
        if (given != (weights == DType.I8)
                || given && !c.shape(scale).equals(Shape.of(c.shape(i).dim(0)))) {
            throw c.fail(c.inName(i) + " " + c.shape(i) + " is " + weights + " but has "
                    + (given ? "scales " + c.shape(scale) : "no scales"));
        }
    }

    @Override
    public String label() {
        return "embedding";
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? weights : i == 1 ? DType.I32 : DType.F32;
    }

    @Override
    public boolean optional(int i) {
        return i == SCALE && weights == DType.BF16;
    }

    @Override
    public DType dtype(Call c, int output) {
        return DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape y = RowsOp.super.shape(c, output);
        checkScales(c, 0, SCALE, weights);
        return y;
    }

    @Override
    public void forward(Call c) {
        Shape w = c.shape(0);
        int kind = weights == DType.BF16 ? Kernel.GATHER_BF16_TO_FLOATS : Kernel.GATHER_INT8_TO_FLOATS;
        c.begin(Kernel.GATHER).put(kind, weights.bytes());
        c.at(c.in(0)).put(w.dim(0)).at(c.in(1)).put(0);
        c.at(c.out(0))
                .put(1, c.shape(1).size(), w.dim(1))
                .at(c.in(SCALE))
                .put(1)
                .run();
    }

    @Override
    public boolean differentiable() {
        return false;
    }
}
