package dev.fathom.derivative;

import dev.fathom.autograd.Node;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.ops.BlindOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tangents of an op that has no rule, derived from its backward. Where the gradient of an input depends neither on
 * that input nor on a result, the op is affine in it, f(x) = J x + c, and so in several inputs of whose gradients none
 * depends on another of them. The tangent along those is the op itself, f(dx) - f(0), which is exact, and has the
 * gradients of the op. Tangents of a product are the sum of those of its factors.
 */
final class Derived {
    private final Tangent t;
    private final Op op;
    private final @Nullable Tensor[] in;
    private final @Nullable Tensor[] out;
    private final BackwardTrace[] traces;

    private Derived(Node call, Tangent t) {
        this.t = t;
        op = call.op();
        in = (@Nullable Tensor[]) call.inputs();
        out = (@Nullable Tensor[]) call.outputs();
        traces = new BackwardTrace[in.length];
        for (int i = 0; i < in.length; i++) {
            traces[i] = new BackwardTrace(call);
            if (t.moves(i)) {
                traces[i].of(i);
            }
        }
    }

    /**
     * The tangents of the results.
     *
     * @throws UnsupportedOperationException if the gradient of an input that moves depends on it or on a result
     */
    static @Nullable Tensor[] tangents(Node call, Tangent t) {
        Derived d = new Derived(call, t);
        @Nullable Tensor[] dy = new Tensor[d.out.length];
        for (List<Integer> together : d.groups()) {
            d.add(together, dy);
        }
        if (call.op().getClass().getPackage() != BlindOp.class.getPackage()) { // tests compare the library's own
            d.check(dy, call);
        }
        return dy;
    }

    /** The inputs that move, in groups in which the op is affine at once. */
    private List<List<Integer>> groups() {
        List<List<Integer>> groups = new ArrayList<>();
        for (int i = 0; i < in.length; i++) {
            if (!t.moves(i) || !traces[i].flows()) {
                continue;
            }
            if (traces[i].readsInput(i)) {
                throw t.underivable("input " + i, i);
            }
            if (traces[i].firstResult() >= 0) {
                throw t.underivable("result " + traces[i].firstResult(), i);
            }
            group(groups, i).add(i);
        }
        return groups;
    }

    private List<Integer> group(List<List<Integer>> groups, int i) {
        for (List<Integer> group : groups) {
            if (group.stream().noneMatch(j -> traces[i].readsInput(j) || traces[j].readsInput(i))) {
                return group;
            }
        }
        List<Integer> one = new ArrayList<>();
        groups.add(one);
        return one;
    }

    /** dy += f(dx) - f(0) in these inputs; what may be left out and has no part in their gradients is. */
    private void add(List<Integer> together, @Nullable Tensor[] dy) {
        @Nullable Tensor[] x = in.clone();
        for (int k = 0; k < x.length; k++) {
            int at = k;
            if (is(in[k]) && op.optional(k) && together.stream().noneMatch(i -> traces[i].readsInput(at))) {
                x[k] = null;
            }
        }
        @Nullable Tensor[] none = x.clone();
        for (int i : together) {
            x[i] = t.of(i);
            none[i] = Tensor.zeros(t.of(i).shape());
        }
        Tensor[] moved = Pass.applyAll(op, x);
        Tensor[] constant = Pass.applyAll(op, none);
        for (int o = 0; o < dy.length; o++) {
            if (is(out[o]) && !op.onlyForBackward(o)) {
                dy[o] = Tangent.plus(dy[o], moved[o].sub(constant[o]));
            }
        }
    }

    private static boolean is(@Nullable Tensor x) {
        return x != null && x.dtype() == DType.F32;
    }

    /**
     * Refuses an op whose backward is not the derivative of its forward, such as one with a straight-through gradient,
     * or one that keeps its input elsewhere: u . J v and J' u . v differ for random u.
     */
    private void check(@Nullable Tensor[] dy, Node call) {
        double[] forward = new double[2];
        double[] back = new double[2];
        try (Pass pass = Pass.grad()) {
            @Nullable Tensor[] x = in.clone();
            for (int i = 0; i < x.length; i++) {
                Tensor one = in[i];
                x[i] = one != null && t.moves(i) ? pass.watch(one.detach()) : one;
            }
            Tensor[] y = Pass.applyAll(op, x);
            Tensor loss = Tensor.scalar(0);
            Rng rng = new Rng(1);
            for (int o = 0; o < dy.length; o++) {
                Tensor d = dy[o];
                if (d != null && y[o].needsGradient()) {
                    float[] u = rng.normal(Math.toIntExact(d.size()), 0, 1);
                    addProducts(forward, d.toArray(), u);
                    loss = loss.add(y[o].mul(Tensor.of(u, d.shape().toArray())).sum());
                }
            }
            if (!loss.needsGradient()) {
                return;
            }
            pass.backward(loss);
            for (int i = 0; i < x.length; i++) {
                Tensor one = x[i];
                Tensor g = one != null && t.moves(i) ? pass.gradient(one) : null;
                if (g != null) {
                    addProducts(back, g.toArray(), t.of(i).toArray());
                }
            }
        }
        if (Math.abs(forward[0] - back[0]) > 1e-3 * (forward[1] + back[1])) {
            throw new UnsupportedOperationException(call.where()
                    + ": forward mode cannot derive the tangent of this op, because its backward is not the derivative"
                    + " of its forward; implement Tangent.Rule to state the tangent that is meant, or detach() the"
                    + " result to hold it constant");
        }
    }

    /** Adds the sum of a b, and that of |a b|. */
    private static void addProducts(double[] to, float[] a, float[] b) {
        for (int i = 0; i < a.length; i++) {
            to[0] += (double) a[i] * b[i];
            to[1] += Math.abs((double) a[i] * b[i]);
        }
    }
}
