package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * y = x s with s = fc2(fc1(mean of x over all places)), one factor for each example and channel of x [batch, ..,
 * channels] (Hu et al. 2018).
 *
 * @param fc1 the layer that squeezes the channels to a few numbers
 * @param fc2 the layer that makes a factor for each channel of them
 */
public record SqueezeExcite(Layer fc1, Layer fc2) implements Layer {
    /**
     * Makes two linear layers, with ReLU after the first and a sigmoid after the second.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public SqueezeExcite(int channels, int squeezed) {
        this(
                new Linear(channels, squeezed).act(Activation.RELU),
                new Linear(squeezed, channels).act(Activation.SIGMOID));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor s = fc2.apply(fc1.apply(x.mean(GlobalAvgPool.places("SqueezeExcite", x))));
        int rank = x.shape().rank();
        int[] dims = new int[rank];
        Arrays.fill(dims, 1);
        dims[0] = x.dim(0);
        dims[rank - 1] = x.dim(-1);
        return x.mul(s.reshape(dims));
    }
}
