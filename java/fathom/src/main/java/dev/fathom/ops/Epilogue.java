package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * An op that ends in act((sum + bias) + residual), which its kernel makes of the sum before it stores it. The bias [n]
 * and the residual, of the result's shape, are optional inputs in neighboring places. Results: y first, and last what
 * goes into act where its derivative reads that.
 */
public interface Epilogue extends Op {
    /** act, or null for none. */
    @Nullable
    Activation activation();

    /** This op with another activation. */
    Op with(@Nullable Activation activation);

    /** The place of the bias. */
    default int bias() {
        return 2;
    }

    /** The place of the residual. */
    default int residual() {
        return bias() + 1;
    }

    @Override
    default boolean optional(int i) {
        return i == bias() || i == residual();
    }

    /** An activation joins where there is none yet, and the addition of a residual before it. */
    @Override
    default @Nullable Fused fuse(Op user, IntPredicate has) {
        if (activation() != null) {
            return null;
        }
        if (user instanceof Activation a) {
            return new Fused(with(a));
        }
        return user == Binary.ADD && !has.test(residual()) ? new Fused(this, residual()) : null;
    }

    @Override
    default int outputs() {
        return keepsPre() ? 2 : 1;
    }

    @Override
    default boolean onlyForBackward(int output) {
        return output == 1;
    }

    @Override
    default boolean differentiable() {
        Activation a = activation();
        return a == null || a.differentiable();
    }

    @Override
    default boolean readsInput(int i) {
        return i < bias();
    }

    @Override
    default boolean readsOutput(int o) {
        Activation a = activation();
        return a != null && (o == 1 || a.row().readsOutput());
    }

    /** Whether what goes into act is a result, for its derivative. */
    default boolean keepsPre() {
        Activation a = activation();
        return a != null && a.row().readsInput();
    }

    /** The shape of the result, once the bias and the residual fit it. */
    default Shape checked(Call c, Shape y) {
        if (c.has(bias()) && (c.shape(bias()).rank() != 1 || c.shape(bias()).dim(0) != y.dim(-1))) {
            String weight = c.inName(1);
            String bias = c.inName(bias());
            throw c.fail(bias + " " + c.shape(bias()) + " and " + weight + " " + c.shape(1) + " disagree: " + bias
                    + ".dim(0) must be " + weight + ".dim(0)=" + y.dim(-1));
        }
        if (c.has(residual()) && !c.shape(residual()).equals(y)) {
            throw c.fail("residual " + c.shape(residual()) + " and the result " + y + " disagree; they must be equal");
        }
        return y;
    }

    /** Writes the addresses of the bias, the residual, what goes into act, and y. */
    default Call putAddresses(Call c) {
        return c.at(c.in(bias()), c.in(residual()), keepsPre() ? c.out(outputs() - 1) : 0, c.out(0));
    }

    /** Writes act's row and parameters. */
    default Call putActivation(Call c) {
        Activation a = activation();
        return c.put(a == null ? -1 : a.row().ordinal())
                .put(a == null ? 0f : a.p0())
                .put(a == null ? 0f : a.p1());
    }

    /** The gradient of the sum. */
    default long gradient(Grad g) {
        Activation a = activation();
        if (a == null) {
            return g.dout(0);
        }
        long dy = g.doutOwned(0);
        long pre = keepsPre() ? g.out(outputs() - 1) : 0;
        long y = a.row().readsOutput() ? g.out(0) : 0;
        a.grad(g, pre, y, dy, dy, g.outShape(0).size(), false);
        return dy;
    }

    /** The gradient of the bias, from that of the sum. */
    default void backwardBias(Grad g, long dy) {
        if (g.wants(bias())) {
            Shape y = g.outShape(0);
            long db = g.din(bias());
            g.begin(Kernel.REDUCE).put(ReduceOp.Kind.SUM.kernel).at(dy, 0, db);
            g.put(1, MatmulOp.rows(y), y.dim(-1)).put(1, g.adds() ? 1 : 0).run();
        }
    }

    /**
     * The gradient of the residual, which may take the place of the sum's: the last to be asked for, since nobody else
     * reads that.
     */
    default void backwardResidual(Grad g, long dy) {
        if (g.wants(residual())) {
            long dr = g.dinReusing(residual());
            if (dr != dy) {
                g.carry(dy, dr, g.outShape(0).size());
            }
        }
    }
}
