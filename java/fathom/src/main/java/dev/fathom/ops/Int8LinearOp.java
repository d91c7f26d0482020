package dev.fathom.ops;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * {@link LinearOp} in a plan that multiplies bytes: W [n, k] is stored as the kernel INT8_PACK makes it, in an I8 array
 * that every instruction set reads, and each row of x is rounded to bytes with a scale of its own.
 *
 * @param n outputs
 * @param k inputs
 */
public record Int8LinearOp(int n, int k, @Nullable Activation activation) implements Epilogue {
    @Override
    public Op with(@Nullable Activation end) {
        return new Int8LinearOp(n, k, end);
    }

    @Override
    public String label() {
        return LinearOp.of(activation).label();
    }

    @Override
    public DType takes(int i) {
        return i == 1 ? DType.I8 : DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        checkPacked(c, n, k, 1);
        if (x.rank() < 1 || x.dim(-1) != k) {
            throw c.fail("x " + x + " and the layer disagree: x.dim(-1)=" + x.dim(-1) + " but the layer has " + k
                    + " inputs; reshape x");
        }
        return checked(c, x.with(-1, n));
    }

    /** Refuses bytes that are not those of a matrix of these sizes. */
    static void checkPacked(Call c, long n, long k, long runs) {
        long bytes = Native.int8Bytes(n, k, runs);
        if (n < 1 || k < 1 || !c.shape(1).equals(Shape.of((int) Math.min(bytes, Integer.MAX_VALUE)))) {
            throw c.fail(c.inName(1) + " " + c.shape(1) + " must be the " + bytes + " bytes of a matrix of " + n
                    + " by " + k + " in " + runs + " runs");
        }
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.LINEAR_INT8).at(c.in(0), c.in(1));
        putAddresses(c).put(MatmulOp.rows(c.shape(0)), n, k);
        putActivation(c).run();
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[0].size() * n;
    }
}
