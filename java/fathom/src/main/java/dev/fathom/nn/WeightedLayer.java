package dev.fathom.nn;

import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * A layer that multiplies its input by a weight W [out, ..] and can do so with another tensor in the place of its own
 * weight. Layers such as {@code WeightNorm}, {@code SpectralNorm} and {@code DropConnect} of fathom-nets hold one,
 * compute a weight from the weight that it has, and give it back; since they are weighted layers too, they can be
 * nested:
 *
 * <pre>{@code
 * new SpectralNorm(new Linear(64, 1))
 * new WeightNorm(new Conv(3, 16, 3).pad(1))
 * // W = the normalized weight, of which elements are dropped
 * new WeightNorm(new DropConnect(new Linear(64, 10), 0.5f))
 * }</pre>
 *
 * <p>A plan computes such a weight once, when it is frozen. A layer of your own takes part by this interface.
 */
public interface WeightedLayer extends Layer {
    /** Returns the parameter from which the weight is computed. */
    Parameter weight();

    /**
     * Computes the layer's formula with {@code w}, of the shape of {@link #weight}, as its weight. Only
     * {@link #apply(Tensor, Operand)} calls it.
     */
    Tensor weighted(Tensor x, Operand w);

    /** Computes the layer with this weight in a frame of its own, as {@link Layer#apply} does for forward. */
    default Tensor apply(Tensor x, Operand w) {
        return Pass.frame(this, () -> weighted(x, w));
    }

    @Override
    default Tensor forward(Tensor x) {
        return weighted(x, weight());
    }
}
