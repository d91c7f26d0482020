package dev.fathom.nn;

import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Weights of classes and of examples. */
final class LossWeights {
    private LossWeights() {}

    /** A copy of them. */
    static float[] checked(String what, float[] weights) {
        float sum = 0;
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        what + " " + i + " is " + weights[i] + "; it must be 0 or more and finite");
            }
            sum += weights[i];
        }
        if (sum == 0) {
            throw new IllegalArgumentException(what + "s: none is above 0");
        }
        return weights.clone();
    }

    /** sum w values. */
    static Tensor sum(Tensor values, Tensor w) {
        check(values, w);
        return rows(values, w, false).mul(w).sum();
    }

    /**
     * sum w values / sum w own, where each value has the weight {@code own} of the loss in it already; without either,
     * it is 1.
     *
     * @param own the loss's weights, of the values' shape
     */
    static Tensor mean(Tensor values, @Nullable Tensor own, @Nullable Tensor w) {
        Tensor total = values;
        Tensor share = own;
        if (w != null) {
            check(values, w);
            total = rows(values, w, true).mul(w);
            share = own == null ? w : rows(own, w, true).mul(w);
        }
        if (share == null) {
            return values.mean();
        }
        Tensor divisor = share.sum();
        if (!Values.traced(divisor) && divisor.item() == 0) {
            throw new IllegalArgumentException("loss: the weights of all values " + values.shape()
                    + " are 0, so they have no mean; let at least one example count");
        }
        return total.sum().div(divisor);
    }

    /** The values in the shape of the weights: those that share a weight become their mean or their sum. */
    private static Tensor rows(Tensor values, Tensor w, boolean mean) {
        int[] rest = new int[values.shape().rank() - w.shape().rank()];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = w.shape().rank() + i;
        }
        return rest.length == 0 ? values : mean ? values.mean(rest) : values.sum(rest);
    }

    private static void check(Tensor values, Tensor w) {
        Shape shape = values.shape();
        boolean fits = w.dtype() == DType.F32 && w.shape().rank() <= shape.rank();
        for (int i = 0; fits && i < w.shape().rank(); i++) {
            fits = w.dim(i) == shape.dim(i);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "loss: weights are " + w.dtype() + " " + w.shape() + " but the values are F32 " + shape
                            + "; give F32 weights of that shape or of its first dimensions");
        }
        Domain.NOT_NEGATIVE.check("loss", "weight", w);
    }
}
