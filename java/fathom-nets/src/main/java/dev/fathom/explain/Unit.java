package dev.fathom.explain;

import dev.fathom.tensor.Tensor;

/**
 * The unit to explain: one channel of one layer's result. Its value is y[0, channel] for vectors y [1, units], and the
 * mean of that channel over all positions for maps y [1, .., channels].
 *
 * @param layer its path, as in the model's summary; empty for the network's own result
 * @param channel from 0
 */
public record Unit(String layer, int channel) {
    /** Returns the unit of a class: a logit of the network's result. */
    public static Unit output(int channel) {
        return new Unit("", channel);
    }

    /** Its value as a single number of the current pass. */
    Tensor value(Tensor y) {
        return channel(y).mean();
    }

    /** The channel alone. */
    Tensor channel(Tensor y) {
        if (y.shape().rank() < 2 || channel < 0 || channel >= y.dim(-1)) {
            throw new IllegalArgumentException(
                    "explain: " + (layer.isEmpty() ? "the result" : "layer " + layer) + " is " + y.shape()
                            + " and has no channel " + channel + "; choose one of its last dimension, from 0");
        }
        return y.slice(-1, channel, channel + 1);
    }
}
