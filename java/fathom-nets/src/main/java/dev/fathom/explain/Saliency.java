package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * d value / d x: how much the value of a unit changes with each number of the input (Simonyan, Vedaldi and Zisserman
 * 2014). Its largest magnitude over the colors is the paper's saliency map; for a linear model it is |w|.
 */
public final class Saliency {
    private Saliency() {}

    /**
     * Returns the gradient [..] with respect to x; {@link Maps#magnitude} makes the map from it.
     *
     * @param x one example [1, ..]
     * @throws IllegalArgumentException if there is no such unit, or x is not a single example
     */
    public static Maps of(Layer net, Tensor x, Unit unit) {
        LayerCalls.one(x);
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(x);
            pass.backward(unit.value(LayerCalls.upTo(net, in, unit.layer())), in);
            return Maps.of("", LayerCalls.gradient(pass, in));
        }
    }
}
