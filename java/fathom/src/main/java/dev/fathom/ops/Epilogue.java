package dev.fathom.ops;

import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * act((sum + b) + residual): what the kernels of linear, convolution and normalization make of a sum before they store it.
 *
 * @param bias whether b [n] is added
 * @param residual whether a tensor of the result's shape is added after it
 * @param activation act, or null for none
 */
public record Epilogue(
        boolean bias, boolean residual, @Nullable Activation activation) {
    /** An op that ends in one. Inputs: x, W, then b and the residual where there are any. Results: y, and what goes into act where its derivative reads it. */
    public interface Fusible extends Op {
        Epilogue epilogue();

        /** The same op with another end. */
        Op with(Epilogue end);

        @Override
        default @Nullable Op fuse(Op user) {
            Epilogue end = epilogue().and(user);
            return end == null ? null : with(end);
        }

        @Override
        default int outputs() {
            return epilogue().keepsPre() ? 2 : 1;
        }

        @Override
        default boolean onlyForBackward(int output) {
            return output == 1;
        }

        @Override
        default boolean differentiable() {
            return epilogue().differentiable();
        }

        @Override
        default boolean readsInput(int i) {
            return i < 2;
        }

        @Override
        default boolean readsOutput(int o) {
            Activation a = epilogue().activation;
            return a != null && (o == 1 || a.row().readsOutput());
        }
    }

    /** With an activation, or with the addition of a residual before there is one: null where {@code user} is neither. */
    @Nullable
    Epilogue and(Op user) {
        if (activation == null && user instanceof Activation a) {
            return new Epilogue(bias, residual, a);
        }
        return activation == null && !residual && user == Binary.ADD ? new Epilogue(bias, true, null) : null;
    }

    boolean differentiable() {
        return activation == null || activation.differentiable();
    }

    /** Whether what goes into act is a result, for its derivative. */
    boolean keepsPre() {
        return activation != null && activation.row().readsInput();
    }

    private int residualAt() {
        return bias ? 3 : 2;
    }

    /** The shape of the result, once b and the residual fit it. */
    Shape checked(Call c, Shape y) {
        if (bias && (c.shape(2).rank() != 1 || c.shape(2).dim(0) != y.dim(-1))) {
            String weight = c.inName(1);
            throw c.fail(c.inName(2) + " " + c.shape(2) + " and " + weight + " " + c.shape(1) + " disagree: "
                    + c.inName(2) + ".dim(0) must be " + weight + ".dim(0)=" + y.dim(-1));
        }
        if (residual && !c.shape(residualAt()).equals(y)) {
            throw c.fail(
                    "residual " + c.shape(residualAt()) + " and the result " + y + " disagree; they must be equal");
        }
        return y;
    }

    /** Writes the addresses of b, residual, what goes into act, and y. */
    Call putAddresses(Call c) {
        return c.at(bias ? c.in(2) : 0)
                .at(residual ? c.in(residualAt()) : 0)
                .at(keepsPre() ? c.out(1) : 0)
                .at(c.out(0));
    }

    /** Writes act's row and parameters. */
    Call putActivation(Call c) {
        return c.put(activation == null ? -1 : activation.row().ordinal())
                .put(activation == null ? 0f : activation.p0())
                .put(activation == null ? 0f : activation.p1());
    }

    /** The gradient of the sum. */
    long gradient(Grad g) {
        if (activation == null) {
            return g.dout(0);
        }
        long dy = g.doutOwned(0);
        long y = activation.row().readsOutput() ? g.out(0) : 0;
        activation.grad(g, keepsPre() ? g.out(1) : 0, y, dy, dy, g.outShape(0).size(), false);
        return dy;
    }

    /** The gradients of b and the residual, from that of the sum. */
    void backward(Grad g, long dy) {
        Shape y = g.outShape(0);
        if (bias && g.wants(2)) {
            long db = g.din(2);
            long[] rows = {1, MatmulOp.rows(y), y.dim(-1)};
            ReduceOp.step(g, ReduceOp.Kind.SUM.kernel, dy, 0, db, rows, 1, g.adds());
        }
        if (residual && g.wants(residualAt())) {
            long dr = g.dinReusing(residualAt()); // last: nobody else reads dy
            if (dr != dy) {
                g.carry(dy, dr, y.size());
            }
        }
    }
}
