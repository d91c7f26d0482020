package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.op.Where;
import dev.fathom.ops.Binary;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * y = act(inner(x) + x) (He et al. 2016). If the last layer of inner is a {@link FusibleLayer} without an activation of
 * its own, such as a linear layer or a batch norm, the sum and the activation run in its kernel.
 *
 * @param inner a layer, or a {@link Sequential} of them, whose result has the shape of x
 * @param activation act, or null for none
 */
public record Residual(Layer inner, @Nullable Activation activation) implements SequenceLayer {
    /** Makes a block whose sum has no activation. */
    public Residual(Layer inner) {
        this(inner, null);
    }

    @Override
    public Steps stepReading() {
        return Steps.asked(inner);
    }

    /**
     * Computes the sum. Lengths are handed on to inner.
     *
     * @throws IllegalArgumentException if the result of inner has another shape than x, or there are lengths and inner
     *     mixes steps
     */
    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        if (inner instanceof FusibleLayer e && e.fusible() && (lengths == null || !(inner instanceof SequenceLayer))) {
            if (lengths != null) {
                Steps.check(inner, x);
            }
            return e.apply(x, x, activation);
        }
        Tensor y = SequenceLayer.apply(inner, x, lengths);
        if (!y.shape().equals(x.shape())) {
            throw new IllegalArgumentException("residual" + Where.running() + ": inner made " + y.shape() + " of x "
                    + x.shape() + "; they must be equal to be added");
        }
        Tensor sum = Pass.apply(Binary.ADD, y, x);
        return activation == null ? sum : Pass.apply(activation, sum);
    }
}
