package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer whose last kernel can add a residual and apply an activation on its way out; {@link Residual} asks for it.
 */
public interface FusibleLayer extends Layer {
    /**
     * Returns whether the kernel can still take a residual and an activation, which is so if the layer has no
     * activation of its own.
     */
    boolean fusible();

    /**
     * Computes act(layer(x) + residual); what is null is left out. Only {@link #apply(Tensor, Tensor, Activation)}
     * calls it.
     */
    Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation activation);

    /**
     * Computes act(layer(x) + residual) in a frame of its own, as {@link Layer#apply} does for forward; what is null is
     * left out.
     */
    default Tensor apply(Tensor x, @Nullable Tensor residual, @Nullable Activation activation) {
        return Pass.frame(this, () -> fused(x, residual, activation));
    }
}
