package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A layer whose last kernel can add a residual and apply an activation on its way out; {@link Residual} asks for it. */
public interface FusibleLayer extends Layer {
    /** Whether anything may follow: the layer has no activation of its own. */
    boolean open();

    /** act(layer(x) + residual), what is null left out. Called by {@link #apply(Tensor, Tensor, Activation)} only. */
    Tensor end(Tensor x, @Nullable Tensor residual, @Nullable Activation activation);

    /** The same in a frame of its own, as {@link Layer#apply}. */
    default Tensor apply(Tensor x, @Nullable Tensor residual, @Nullable Activation activation) {
        return Pass.frame(this, () -> end(x, residual, activation));
    }
}
