package dev.fathom.derivative;

import dev.fathom.autograd.Frames;
import dev.fathom.autograd.Node;
import dev.fathom.autograd.Value;
import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * y = f(x) with its derivatives along directions, J v = the limit of (f(x + h v) - f(x)) / h, by forward mode (Wengert
 * 1964): each recorded call gives the tangents of its results from those of its inputs, as the op's rule says, or as
 * follows from its backward. PyTorch has it as {@code torch.func.jvp}, JAX as {@code jax.linearize}.
 *
 * <pre>{@code
 * Tensor x = pass.watch(Tensor.of(new float[] {1, 2}, 2));
 * Linearization f = Linearization.of(() -> x.square().sum());
 * Tensor slope = f.along(x, Tensor.of(new float[] {1, 0}, 2)); // 2
 * }</pre>
 *
 * <p>Tangents are made of recorded ops, so the derivative is a tensor like any other: the gradient of a loss's
 * derivative along v is the product of its Hessian with v (Pearlmutter 1994), and the gradient of that of a critic
 * along its own gradient is that of the gradient's norm. {@link Curvature} and {@link GradientPenalty} do so.
 */
public final class Linearization {
    private final Pass pass;
    private final Tensor value;
    private final int end;

    private Linearization(Pass pass, Tensor value) {
        this.pass = pass;
        this.value = value;
        end = Frames.of(pass).calls();
    }

    /**
     * Runs {@code body} in the current pass and keeps all that it records until the pass closes, in more memory than
     * backward needs. A layer that would be recomputed in backward is recorded like any other.
     *
     * @throws IllegalStateException if no pass is open on this thread, or the pass does not record here
     */
    public static Linearization of(Supplier<Tensor> body) {
        Pass pass = Pass.current();
        checkRecords(pass);
        return new Linearization(pass, Frames.of(pass).retaining(body));
    }

    private static void checkRecords(Pass pass) {
        if (!pass.recording()) {
            throw new IllegalStateException(
                    "linearization: this pass records nothing here; open it with Pass.grad() or Pass.train(rng), and"
                            + " leave noGrad");
        }
    }

    /** Returns y, which backward and other ops may use. */
    public Tensor value() {
        return value;
    }

    /**
     * Returns the derivative of y along the direction {@code v} of x.
     *
     * @param x a watched tensor, a trainable parameter, or a result that the body used
     * @throws IllegalArgumentException as {@link #along(Map)}
     * @throws UnsupportedOperationException as {@link #along(Map)}
     */
    public Tensor along(Operand x, Tensor v) {
        return along(Map.of(x, v));
    }

    /**
     * Returns the derivative of y, in y's shape, as all keys move at once, each in its own direction: the sum of J v
     * over them. It is zeros if y does not depend on any of them. Where a direction needs a gradient itself, backward
     * differentiates through it too; {@code detach()} it to hold it constant.
     *
     * @param directions a tensor of the key's shape for each watched tensor, trainable parameter, or result that the
     *     body used
     * @throws IllegalArgumentException if a key is a constant, or a direction has another shape than its key
     * @throws IllegalStateException if the pass is closed or not the innermost one, a parameter has changed since, or a
     *     value that a rule reads was computed before the body and is gone
     * @throws UnsupportedOperationException if an op between a key and y has no tangent
     */
    public Tensor along(Map<? extends Operand, Tensor> directions) {
        if (Pass.current() != pass) {
            throw new IllegalStateException(
                    "along: the pass of this linearization is not the innermost one; close the pass that was opened"
                            + " later, or do not open it here");
        }
        Frames.of(pass).calls(); // refuses a closed pass
        checkRecords(pass);
        Walk walk = new Walk(pass);
        directions.forEach((key, v) -> {
            Tensor x = key.value();
            check(x, v);
            walk.tangents.put(x, v);
        });
        Tensor dy = walk.to(value, 0, end);
        return dy == null ? Tensor.zeros(value.shape()) : dy;
    }

    private static void check(Tensor x, Tensor v) {
        if (!x.needsGradient()) {
            throw new IllegalArgumentException("along: " + Values.name(x) + " " + x.shape()
                    + " is a constant, which nothing was recorded for; pass.watch(x) and compute with what it"
                    + " returns, or unfreeze the parameter");
        }
        if (v.dtype() != DType.F32 || !v.shape().equals(x.shape())) {
            throw new IllegalArgumentException("along: " + Values.name(x) + " " + x.shape() + " and its direction "
                    + v.shape() + " of " + v.dtype() + " disagree; a direction is F32 and has the shape of what moves");
        }
    }

    /** One walk forth over the tape, with the tangents of what moves. */
    static final class Walk {
        private final Frames frames;
        private final Map<Value, Tensor> tangents = new IdentityHashMap<>();
        /** Results that move and have no tangent, as a rule states that of an op's first result alone. */
        private final Set<@Nullable Value> unknown = Collections.newSetFromMap(new IdentityHashMap<>());

        Walk(Pass pass) {
            frames = Frames.of(pass);
        }

        @Nullable
        Tensor of(@Nullable Value x) {
            return x == null ? null : tangents.get(x);
        }

        /** The tangent of what a formula, which is recorded here, computes from values whose tangents are known. */
        @Nullable
        Tensor through(Supplier<Tensor> formula) {
            int from = frames.calls();
            Tensor y = frames.retaining(formula);
            return to(y, from, frames.calls());
        }

        /** The tangent of y, which calls {@code from} to {@code to - 1} make; null where y does not move. */
        @Nullable
        Tensor to(Tensor y, int from, int to) {
            Set<@Nullable Value> needed = Collections.newSetFromMap(new IdentityHashMap<>());
            needed.add(y);
            boolean[] leads = new boolean[to - from];
            for (int i = to - 1; i >= from; i--) {
                Node n = frames.call(i);
                for (Value o : n.outputs()) {
                    leads[i - from] |= o != null && needed.contains(o);
                }
                if (leads[i - from]) {
                    Collections.addAll(needed, n.inputs());
                }
            }
            for (int i = from; i < to; i++) {
                if (leads[i - from]) {
                    step(frames.call(i));
                }
            }
            checkKnown(y);
            return tangents.get(y);
        }

        private void step(Node n) {
            @Nullable Value[] in = n.inputs();
            boolean moves = false;
            for (Value x : in) {
                if (x != null) {
                    checkKnown(x);
                    moves |= tangents.containsKey(x);
                }
            }
            if (!moves) {
                return;
            }
            for (int i = 0; i < in.length; i++) {
                n.checkUnchanged(i, "along");
            }
            @Nullable Value[] out = n.outputs();
            @Nullable Tensor[] tangent = Tangents.of(n, new Tangent(this, n));
            for (int o = 0; o < out.length; o++) {
                Tensor y = (Tensor) out[o];
                if (y == null || tangents.containsKey(y)) {
                    continue;
                }
                Tensor dy = o < tangent.length ? tangent[o] : null;
                if (dy != null) {
                    tangents.put(y, fitting(dy, y.shape(), n));
                } else if (o >= tangent.length && y.needsGradient()) {
                    unknown.add(y);
                }
            }
        }

        /**
         * A tangent in the shape of its result: what a rule makes of some inputs alone may still have to be repeated.
         */
        private static Tensor fitting(Tensor dy, Shape shape, Node n) {
            if (dy.shape().equals(shape)) {
                return dy;
            }
            try {
                return dy.expand(shape.toArray());
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(
                        n.where() + ": the rule gave a tangent " + dy.shape() + " but the result is " + shape
                                + "; they must be equal, or the tangent must broadcast",
                        e);
            }
        }

        private void checkKnown(Value y) {
            if (unknown.contains(y) && !tangents.containsKey(y)) {
                throw new UnsupportedOperationException(Values.name(y)
                        + ": forward mode reaches a further result of this op, but its rule states the tangent of the"
                        + " first result only; compute this one by other ops, or detach() it to hold it constant");
            }
        }
    }
}
