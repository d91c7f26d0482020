package dev.fathom.derivative;

import dev.fathom.autograd.Node;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the tangent rule of an op sees of one recorded call: its inputs, its results, and the tangents of the inputs,
 * which are the derivatives of the inputs along the direction in which {@link Linearization} moves. A rule computes
 * with methods of {@link Tensor}, whose results are recorded, so that backward differentiates them again.
 */
public final class Tangent {
    /**
     * An {@link Op} of your own implements this beside {@code Op} where its tangent cannot be derived from its
     * backward: where the gradient of an input depends on that input or on a result.
     */
    @FunctionalInterface
    public interface Rule {
        /**
         * Returns the derivative of the op's first result along the tangents of its inputs, {@code dy = J dx}, in the
         * shape of the result or one that broadcasts to it. At least one input moves.
         */
        Tensor tangent(Tangent t);
    }

    private final Linearization.Walk walk;
    private final Op op;
    private final @Nullable Tensor[] in;
    private final @Nullable Tensor[] out;
    private final String where;

    Tangent(Linearization.Walk walk, Node call) {
        this.walk = walk;
        op = call.op();
        in = (@Nullable Tensor[]) call.inputs();
        out = (@Nullable Tensor[]) call.outputs();
        where = call.where();
    }

    /** Returns whether input {@code i} was given. */
    public boolean has(int i) {
        return i < in.length && in[i] != null;
    }

    /**
     * Returns input {@code i}.
     *
     * @throws IllegalArgumentException if it was left out
     */
    public Tensor in(int i) {
        Tensor x = i < in.length ? in[i] : null;
        if (x == null) {
            throw new IllegalArgumentException(
                    where + ": its tangent rule reads input " + i + ", which was left out; ask has(" + i + ") first");
        }
        return x;
    }

    /**
     * Returns result {@code o}. A rule may compute with the first result. Others, such as what an op keeps for
     * backward, are constants: no gradient flows back through them.
     *
     * @throws IllegalArgumentException if there is no such result, because it exists for backward only
     */
    public Tensor out(int o) {
        Tensor y = o < out.length ? out[o] : null;
        if (y == null) {
            throw new IllegalArgumentException(where + ": its tangent rule reads result " + o
                    + ", which was not computed; compute it in the rule");
        }
        return o == 0 ? y : y.detach();
    }

    /** Returns whether input {@code i} has a tangent; if it does not, its derivative is zero. */
    public boolean moves(int i) {
        return i < in.length && walk.of(in[i]) != null;
    }

    /** Returns the tangent of input {@code i}, which is zeros if it does not move. */
    public Tensor of(int i) {
        Tensor x = in(i);
        Tensor dx = walk.of(x);
        return dx == null ? Tensor.zeros(x.shape()) : dx;
    }

    /**
     * Returns the tangent of an op that is linear in these inputs together, without any in all of its F32 inputs, such
     * as a permutation or a concatenation: the op of their tangents, with the other inputs as they are.
     */
    public Tensor linear(int... inputs) {
        return linear(op, inputs);
    }

    Tensor linear(Op same, int... inputs) {
        @Nullable Tensor[] x = in.clone();
        for (int i = 0; i < x.length; i++) {
            int at = i;
            if (has(i)
                    && in(i).dtype() == DType.F32
                    && (inputs.length == 0 || Arrays.stream(inputs).anyMatch(k -> k == at))) {
                x[i] = of(i);
            }
        }
        return Pass.apply(same, x);
    }

    /** The tangent of a product of some inputs, to which those from {@code added} on are added: the product rule. */
    Tensor product(Op plain, int added, int... factors) {
        Tensor dy = null;
        for (int i : factors) {
            if (moves(i)) {
                @Nullable Tensor[] x = in.clone();
                x[i] = of(i);
                for (int j = added; j < x.length; j++) {
                    x[j] = null;
                }
                dy = plus(dy, Pass.apply(plain, x));
            }
        }
        for (int j = added; j < in.length; j++) {
            dy = moves(j) ? plus(dy, of(j)) : dy;
        }
        return dy == null ? Tensor.zeros(out(0).shape()) : dy;
    }

    static Tensor plus(@Nullable Tensor a, Tensor b) {
        return a == null ? b : a.add(b);
    }

    /**
     * Returns the tangent of a formula that computes the op's result from {@link #in}: its ops are recorded, and their
     * tangents taken by their own rules. It is the way to state the tangent of an op that does in one kernel what
     * several ops would do.
     */
    public Tensor through(Supplier<Tensor> formula) {
        Tensor dy = walk.through(formula);
        return dy == null ? Tensor.zeros(out(0).shape()) : dy;
    }

    /** What to throw where the gradient of input {@code i} depends on {@code what}, and no rule says how. */
    UnsupportedOperationException underivable(String what, int i) {
        return new UnsupportedOperationException(where
                + ": forward mode has no tangent for this op, because the gradient of input " + i + " depends on "
                + what + " and has no gradient itself; compute this result by other ops, detach() it to"
                + " hold it constant, or implement Tangent.Rule if the op is your own");
    }

    /** Another op on the call's inputs. */
    Tensor again(Op other) {
        return Pass.apply(other, in);
    }
}
