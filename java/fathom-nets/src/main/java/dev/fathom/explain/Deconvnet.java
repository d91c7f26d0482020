package dev.fathom.explain;

import dev.fathom.autograd.Backward;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * Shows which part of the input made one position of one map respond. All other values of the layer are set to zero,
 * and the remaining value is sent back to the pixels, as a deconvolutional network does (Zeiler and Fergus 2014). On
 * its way back it meets
 *
 * <ul>
 *   <li>a max pool: each value goes to the position that won (unpooling with switches), and the others get zero;
 *   <li>a ReLU: max(signal, 0) of the signal itself; what went forward does not matter;
 *   <li>a convolution or linear layer: the same filters transposed, no bias.
 * </ul>
 *
 * <p>Backward does the first and the last anyway (Simonyan et al. 2014), so this is the tape's backward with another
 * rule for ReLU. Layers that the paper's network did not have pass the value on as in backward: a batch norm multiplies
 * by its scale, an average pool gives equal shares, a sum passes it to all its parts, and other activations and norms
 * use their derivative. In a network without max pools, the projection is therefore the same for every input except for
 * its size and position (Springenberg et al. 2015).
 */
public final class Deconvnet {
    private Deconvnet() {}

    /**
     * Returns the projection [height, width, channels] of one response.
     *
     * @param x one picture [1, height, width, channels]
     * @param unit the layer that makes maps, and the number of the map
     * @param row the row of the position in the map
     * @param column the column of the position in the map
     * @throws IllegalArgumentException if there is no such unit or position, or x is not a single picture
     */
    public static Maps of(Layer net, Tensor x, Unit unit, int row, int column) {
        LayerCalls.one(x);
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(x);
            Tensor map = unit.channel(LayerCalls.upTo(net, in, unit.layer()));
            if (map.shape().rank() != 4) {
                throw new IllegalArgumentException("explain: layer " + unit.layer() + " makes " + map.shape()
                        + " and no maps [1, height, width, channels]; choose one before the places are joined");
            }
            Tensor value = map.slice(1, row, row + 1).slice(2, column, column + 1);
            Backward.rectify(pass);
            pass.backward(value.square().mul(0.5f).sum(), in); // whose gradient is the value itself
            return Maps.of("", LayerCalls.gradient(pass, in));
        }
    }
}
