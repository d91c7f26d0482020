package dev.fathom.tensor;

import dev.fathom.op.DType;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.ops.ConcatOp;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.CrossEntropyOp;
import dev.fathom.ops.FlipOp;
import dev.fathom.ops.ReduceOp;
import dev.fathom.ops.ScatterOp;
import dev.fathom.ops.SortOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Functions that are made of ops: what is several calls, and what is checked before one. */
final class Compositions {
    private Compositions() {}

    /**
     * A convolution of volumes as one of pictures: a slice of the result sees the slices that its taps read as more
     * channels of one.
     */
    static Tensor volumes(ConvOp op, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        Shape y = Pass.current().shape(op, x, w, bias, residual);
        Window.Axis depth = op.window().depth();
        int taps = depth.kernel();
        int n = Shape.merged(op.label(), y.dim(0), y.dim(1));
        int pixels = Shape.merged(op.label(), x.dim(2), x.dim(3));
        int[] slices = new int[Shape.merged(op.label(), y.dim(1), taps)];
        for (int i = 0; i < slices.length; i++) {
            slices[i] = i / taps * depth.stride() + i % taps * depth.dilation();
        }
        int before = depth.before(x.dim(1));
        int after = Math.max(depth.after(x.dim(1)), slices[slices.length - 1] + 1 - before - x.dim(1));
        Tensor slabs = x.pad(PadMode.ZEROS, 0, 0, 0, 0, before, after)
                .reshape(x.dim(0), before + x.dim(1) + after, pixels, x.dim(4))
                .take(1, Tensor.ofInts(slices, slices.length))
                .reshape(n, taps, pixels, op.groups(), w.dim(4))
                .permute(0, 2, 3, 1, 4)
                .reshape(n, x.dim(2), x.dim(3), Shape.merged(op.label(), x.dim(4), taps));
        Tensor filters = w.reshape(w.dim(0), taps, w.dim(2) * w.dim(3), w.dim(4))
                .permute(0, 2, 1, 3)
                .reshape(w.dim(0), w.dim(2), w.dim(3), taps * w.dim(4));
        Tensor planes = residual == null ? null : residual.reshape(n, y.dim(2), y.dim(3), y.dim(4));
        Window plane = new Window(
                2, Window.of(1).depth(), op.window().height(), op.window().width());
        return Pass.call(new ConvOp(plane, op.groups(), op.activation()), slabs, filters, bias, planes)
                .reshape(y.toArray());
    }

    /** The loss of logits x against labels, or against probabilities, of which other ops make it. */
    static Tensor crossEntropy(Tensor x, Tensor target, float smoothing, @Nullable Tensor weights) {
        if (!(smoothing >= 0 && smoothing <= 1)) {
            throw new IllegalArgumentException(
                    "cross_entropy" + Where.running() + ": smoothing=" + smoothing + " must be in [0, 1]");
        }
        if (weights != null && weights.needsGradient()) {
            throw new IllegalArgumentException("cross_entropy" + Where.running() + ": weights " + weights.shape()
                    + " need a gradient, but this loss computes none for its weights; detach() them");
        }
        if (target.dtype() == DType.F32) {
            return ofProbabilities(x, target, smoothing, weights);
        }
        return Pass.call(new CrossEntropyOp(smoothing), x, target, weights);
    }

    private static Tensor ofProbabilities(Tensor x, Tensor target, float smoothing, @Nullable Tensor weights) {
        Function<String, IllegalArgumentException> fail =
                message -> new IllegalArgumentException("cross_entropy" + Where.running() + ": " + message);
        Shape shape = x.shape();
        if (!shape.equals(target.shape()) || shape.rank() == 0 || shape.size() == 0) {
            throw fail.apply("logits " + shape + " and probabilities " + target.shape()
                    + " must have one shape [.., classes], and not an empty one; class numbers are I32: "
                    + "give Dataset.of an int[], or use Tensor.ofInts");
        }
        Tensor q = smoothing == 0 ? target : target.mul(1 - smoothing).add(smoothing / x.dim(-1));
        if (weights != null) {
            CrossEntropyOp.checkWeights(fail, shape, weights.shape());
            q = q.mul(weights);
        }
        return x.logSoftmax(-1).mul(q).sum(-1).mean().neg();
    }

    /** Refuses to lose a gradient that the op has not. */
    static Tensor scatter(ScatterOp op, Tensor x, Tensor index, Tensor updates) {
        if (!op.differentiable() && Pass.current().recording() && (x.needsGradient() || updates.needsGradient())) {
            throw new IllegalArgumentException(op.label() + Where.running() + ": x " + x.shape() + " or updates "
                    + updates.shape() + " need a gradient, but " + op.how()
                    + " has none; detach() them, or join by SET or ADD");
        }
        return Pass.call(op, x, index, updates);
    }

    /** x in reverse order along each of {@code dims}. */
    static Tensor flip(Tensor x, int[] dims) {
        if (dims.length == 0) {
            throw new IllegalArgumentException("flip" + Where.running() + ": x " + x.shape()
                    + " is flipped along no dimension; name those whose order is to change");
        }
        int mask = ReduceOp.mask("flip", x.shape(), dims);
        Tensor y = x;
        for (int i = 0; i < x.shape().rank(); i++) {
            y = (mask & 1 << i) == 0 ? y : Pass.call(new FlipOp(i), y);
        }
        return y;
    }

    /** Consecutive parts of these sizes. */
    static List<Tensor> split(Tensor x, int dim, int[] sizes) {
        int axis = x.axis("split", dim);
        if (Arrays.stream(sizes).anyMatch(s -> s < 0)
                || Arrays.stream(sizes).asLongStream().sum() != x.dim(axis)) {
            throw new IllegalArgumentException(
                    "split" + Where.running() + ": x " + x.shape() + " has dim(" + axis + ")="
                            + x.dim(axis) + ", which the sizes " + Arrays.toString(sizes)
                            + " do not add up to; give sizes of 0 or more whose sum it is");
        }
        List<Tensor> parts = new ArrayList<>();
        int from = 0;
        for (int size : sizes) {
            parts.add(x.slice(axis, from, from + size));
            from += size;
        }
        return parts;
    }

    /** At most {@code count} consecutive parts of one size; the last may be smaller. */
    static List<Tensor> chunk(Tensor x, int dim, int count) {
        int n = x.dim(x.axis("chunk", dim));
        if (count < 1) {
            throw new IllegalArgumentException("chunk" + Where.running() + ": x " + x.shape() + " in " + count
                    + " parts; give a count of 1 or more");
        }
        int size = (int) Math.max(1, (n + (long) count - 1) / count);
        int[] sizes = new int[Math.max(1, (int) ((n + (long) size - 1) / size))];
        Arrays.fill(sizes, size);
        sizes[sizes.length - 1] = n - size * (sizes.length - 1);
        return split(x, dim, sizes);
    }

    static Sorted sort(Tensor x, int dim, Order order) {
        return of(new SortOp(x.axis("sort", dim), SortOp.ALL, order), x);
    }

    static Sorted topk(Tensor x, int dim, int k) {
        if (k < 0 || k == SortOp.ALL) {
            throw new IllegalArgumentException("topk" + Where.running() + ": k=" + k + " of x " + x.shape()
                    + " is how many values are taken; give 0 or more, and at most as many as there are");
        }
        return of(new SortOp(x.axis("topk", dim), k, Order.DESCENDING), x);
    }

    private static Sorted of(SortOp op, Tensor x) {
        Tensor[] y = Pass.applyAll(op, x);
        return new Sorted(y[0], y[1]);
    }

    static Tensor concat(int dim, Tensor[] parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException(
                    "concat" + Where.running() + ": there are no tensors; give at least one");
        }
        return Pass.call(new ConcatOp(parts[0].axis("concat", dim)), parts.clone());
    }
}
