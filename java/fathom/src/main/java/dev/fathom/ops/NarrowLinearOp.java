package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * {@link LinearOp} in a plan that stores W [n, k] in BF16, or in I8 with a scale [n] as the last input, by which the
 * sums are multiplied before the bias is added.
 */
public record NarrowLinearOp(DType weights, @Nullable Activation activation) implements Epilogue {
    /** The place of the scales. */
    public static final int SCALE = 4;

    /**
     * Checks the type.
     *
     * @throws IllegalArgumentException if it is neither BF16 nor I8
     */
    public NarrowLinearOp {
        NarrowEmbeddingOp.check(weights);
    }

    private LinearOp wide() {
        return LinearOp.of(activation);
    }

    @Override
    public Op with(@Nullable Activation end) {
        return new NarrowLinearOp(weights, end);
    }

    @Override
    public String label() {
        return wide().label();
    }

    @Override
    public boolean optional(int i) {
        return Epilogue.super.optional(i) || i == SCALE && weights == DType.BF16;
    }

    @Override
    public DType takes(int i) {
        return i == 1 ? weights : DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape y = wide().shape(c, output);
        NarrowEmbeddingOp.checkScales(c, 1, SCALE, weights);
        return y;
    }

    @Override
    public void forward(Call c) {
        long n = c.shape(1).dim(0);
        long k = c.shape(1).dim(1);
        long packed = c.packed(1, Kernel.LINEAR_PACK, n, k);
        if (packed == 0) {
            throw c.fail(c.inName(1) + " is no weight of a plan");
        }
        c.begin(Kernel.LINEAR_NARROW).at(c.in(0), packed, c.in(SCALE));
        putAddresses(c).put(MatmulOp.rows(c.shape(0)), n, k);
        putActivation(c).run();
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return wide().multiplyAdds(in);
    }
}
