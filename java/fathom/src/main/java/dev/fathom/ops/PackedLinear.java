package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * {@link LinearOp} in a plan whose weights or products are of fewer bytes: W [n, k] is stored as a kernel packs it, in
 * an array that every instruction set reads, and x may be rounded as well.
 */
interface PackedLinear extends Epilogue {
    /** Outputs. */
    int n();

    /** Inputs. */
    int k();

    /** The type of the array. */
    DType type();

    /** Begins the command of the kernel that multiplies, with what it wants before x. */
    Call begin(Call c);

    /** Refuses an array that is not that of a matrix of these sizes. */
    void checkPacked(Call c);

    @Override
    default String label() {
        return LinearOp.of(activation()).label();
    }

    @Override
    default DType takes(int i) {
        return i == 1 ? type() : DType.F32;
    }

    @Override
    default Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        checkPacked(c);
        if (x.rank() < 1 || x.dim(-1) != k()) {
            throw c.fail("x " + x + " and the layer disagree: x.dim(-1)=" + x.dim(-1) + " but the layer has " + k()
                    + " inputs; reshape x");
        }
        return checked(c, x.with(-1, n()));
    }

    @Override
    default void forward(Call c) {
        begin(c).at(c.in(0), c.in(1));
        putAddresses(c).put(MatmulOp.rows(c.shape(0)), n(), k());
        putActivation(c).run();
    }

    @Override
    default boolean differentiable() {
        return false;
    }

    @Override
    default long multiplyAdds(Shape... in) {
        return in[0].size() * n();
    }
}
