package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y [.., o] = x1^T W[o] x2 + b[o] for x1 [.., in1] and x2 [.., in2]: every product of a feature of one input and a
 * feature of the other has a weight. It is PyTorch's Bilinear, whose files load as they are.
 *
 * @param weight W [out, in1, in2]
 * @param bias b [out], or null for none
 */
public record Bilinear(Parameter weight, @Nullable Parameter bias) implements Net {
    /**
     * Makes a layer with a bias. Weight and bias begin as in PyTorch, uniform in +-1/sqrt(in1).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public Bilinear(int in1, int in2, int out) {
        this(
                new Parameter(
                        Shape.of(
                                Checks.atLeast("Bilinear", "out", out, 1),
                                Checks.atLeast("Bilinear", "in1", in1, 1),
                                Checks.atLeast("Bilinear", "in2", in2, 1)),
                        uniform(in1)),
                new Parameter(Shape.of(out), uniform(in1)));
    }

    private static Initializer uniform(int in1) {
        float bound = (float) (1 / Math.sqrt(in1));
        return Init.uniform(-bound, bound);
    }

    /** Returns this layer without a bias. */
    public Bilinear withoutBias() {
        return new Bilinear(weight, null);
    }

    /**
     * Computes the layer in a frame of its own.
     *
     * @throws IllegalArgumentException if x1 is not [.., in1] or x2 not [.., in2], their other dimensions differ, or
     *     there are six
     */
    public Tensor apply(Tensor x1, Tensor x2) {
        return Pass.frame(this, () -> {
            Shape w = weight.shape();
            int rank = x1.shape().rank();
            Checks.lastDimension("Bilinear", "x1", x1.shape(), w.dim(1));
            Checks.lastDimension("Bilinear", "x2", x2.shape(), w.dim(2));
            if (!x1.shape().with(rank - 1, w.dim(2)).equals(x2.shape())) {
                throw new IllegalArgumentException("Bilinear" + Where.running() + ": x1 " + x1.shape() + " and x2 "
                        + x2.shape() + " disagree; all dimensions but the last must be equal");
            }
            Checks.oneMoreDimension("Bilinear", x1.shape());
            // W[o] x2 for each o, [.., out, in1]
            int[] dims = x1.shape().with(rank - 1, w.dim(0)).toArray();
            dims = Arrays.copyOf(dims, rank + 1);
            dims[rank] = w.dim(1);
            Tensor rows = weight.value().reshape(w.dim(0) * w.dim(1), w.dim(2));
            Tensor right = x2.linear(rows, null).reshape(dims);
            Tensor y = right.mul(x1.unsqueeze(-2)).sum(-1);
            return bias == null ? y : y.add(bias.value());
        });
    }
}
