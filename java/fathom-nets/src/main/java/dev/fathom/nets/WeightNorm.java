package dev.fathom.nets;

import dev.fathom.nn.WeightedLayer;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Runs {@code layer} with the weight W[o] = g[o] v[o] / ||v[o]||, in which the length of each output's weights and
 * their direction are trained apart (Salimans and Kingma 2016). v is the weight of the layer, and ||v[o]|| the
 * Euclidean norm of all that belongs to output o. It is PyTorch's {@code weight_norm} with dim=0, whose files call v
 * {@code weight_v}; here it keeps the name "weight". A v[o] of zeros gives zeros, where PyTorch has NaN.
 *
 * @param layer a linear layer, a convolution, or another layer with a weight; the names of its parameters do not change
 * @param weightG g [out, 1, ..], as many dimensions as W
 */
public record WeightNorm(@Inline WeightedLayer layer, Parameter weightG) implements Reweighted {
    /** The norm below which a direction counts as zeros. */
    private static final float SMALL = 1e-12f;

    /**
     * Normalizes the weight of a layer. If the layer has been trained, g begins at the norms of its weight, so that the
     * layer computes what it did before. Otherwise g begins at the norms of a weight that the layer's initializer draws
     * for it.
     */
    public WeightNorm(WeightedLayer layer) {
        this(layer, gain(layer.weight()));
    }

    private static Parameter gain(Parameter v) {
        int[] dims = new int[v.shape().rank()];
        Arrays.fill(dims, 1);
        dims[0] = v.shape().dim(0);
        return new Parameter(Shape.of(dims), (shape, rng) -> {
            float[] w = v.bound() ? v.value().toArray() : v.initializer().values(v.shape(), rng);
            float[] g = new float[shape.dim(0)];
            int size = w.length / g.length;
            for (int o = 0; o < g.length; o++) {
                double squares = 0;
                for (int i = o * size; i < (o + 1) * size; i++) {
                    squares += (double) w[i] * w[i];
                }
                g[o] = (float) Math.sqrt(squares);
            }
            return g;
        });
    }

    @Override
    public Tensor weighted(Tensor x, Operand w) {
        Tensor v = w.value();
        int[] all = IntStream.range(1, v.shape().rank()).toArray();
        return layer.apply(
                x, v.mul(weightG.value().div(v.norm(all).unsqueeze(all).clamp(SMALL, Float.MAX_VALUE))));
    }
}
