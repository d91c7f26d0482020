package dev.fathom.labs.outliers;

import dev.fathom.nn.Init;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A member of RandNet (Chen, Sathe, Aggarwal and Turaga 2017): a feedforward auto-encoder of windows as rows of
 * numbers, without a random part of its connections.
 *
 * @param layers from the numbers of a window to 64, 16, 64 and back
 */
record RandomAutoencoder(List<Sparse> layers) implements Net {
    private static final int WIDE = 64;
    private static final int NARROW = 16;

    /** act((W * mask) x + b), where the mask is drawn once. */
    record Sparse(
            Parameter weight,
            Parameter bias,
            Buffer mask,
            @Nullable Activation activation) implements Net {
        static Sparse of(int in, int out, @Nullable Activation activation) {
            Shape shape = Shape.of(out, in);
            return new Sparse(
                    new Parameter(shape, Init.xavierUniform()),
                    new Parameter(Shape.of(out), Init.zeros()),
                    new Buffer(shape, connected()),
                    activation);
        }

        Tensor apply(Tensor x) {
            return x.linear(weight.value().mul(mask.value()), bias, null, activation);
        }
    }

    /**
     * As many connections are drawn, with replacement, as a full layer has; those that are drawn at least once exist,
     * about a share of 1 - 1/e.
     */
    static Initializer connected() {
        return (shape, rng) -> {
            int all = (int) shape.size();
            float[] mask = new float[all];
            for (int drawn : rng.ints(all, all)) {
                mask[drawn] = 1;
            }
            return mask;
        };
    }

    /** Makes a member for windows of so many numbers. */
    static RandomAutoencoder of(int numbers) {
        int[] widths = {numbers, WIDE, NARROW, WIDE, numbers};
        List<Sparse> layers = new ArrayList<>();
        for (int l = 1; l < widths.length; l++) {
            Activation activation = l == 1 ? Activation.SIGMOID : l < widths.length - 1 ? Activation.RELU : null;
            layers.add(Sparse.of(widths[l - 1], widths[l], activation));
        }
        return new RandomAutoencoder(layers);
    }

    /** Writes x [n, t, columns] again. */
    Tensor again(Tensor x) {
        Tensor y = x.flatten(1);
        for (Sparse layer : layers) {
            y = layer.apply(y);
        }
        return y.reshape(x.shape());
    }
}
