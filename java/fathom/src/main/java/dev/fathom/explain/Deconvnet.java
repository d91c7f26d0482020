package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * What of the input made one place of one map respond: all else of its layer is set to zero and the value sent back to the pixels, as a deconvolutional
 * network does (Zeiler and Fergus 2014). On its way back it meets
 *
 * <ul>
 *   <li>a max pool: each value goes to the place that won (unpooling with switches), the others get zero;
 *   <li>a ReLU: max(signal, 0) of the signal itself; what went forward does not matter;
 *   <li>a convolution or linear layer: the same filters transposed, no bias.
 * </ul>
 *
 * <p>The first and the last are what backward does anyway (Simonyan et al. 2014), so that this is the tape's backward with another rule for ReLU.
 * What the paper's network did not have goes as in backward: a batch norm as its scale, an average pool in equal shares, a sum to all its
 * parts, other activations and norms by their derivative. In a network without max pools the projection is therefore the same for every input, but
 * for its size and its place (Springenberg et al. 2015).
 */
public final class Deconvnet {
    private Deconvnet() {}

    /**
     * The projection [height, width, channels] of one response.
     *
     * @param x one picture [1, height, width, channels]
     * @param unit a layer that makes maps, and which map
     * @param row of the place in the map
     * @param column of the place in the map
     * @throws IllegalArgumentException if there is no such unit or place, or x is no single picture
     */
    public static Maps of(Layer net, Tensor x, Unit unit, int row, int column) {
        Calls.one(x);
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(x);
            Tensor map = unit.channel(Calls.upTo(net, in, unit.layer()));
            if (map.shape().rank() != 4) {
                throw new IllegalArgumentException("explain: layer " + unit.layer() + " makes " + map.shape()
                        + " and no maps [1, height, width, channels]; choose one before the places are joined");
            }
            Tensor value = map.slice(1, row, row + 1).slice(2, column, column + 1);
            Access.rectify(pass);
            pass.backward(value.square().mul(0.5f).sum(), in); // whose gradient is the value itself
            return Maps.of("", Calls.gradient(pass, in));
        }
    }
}
