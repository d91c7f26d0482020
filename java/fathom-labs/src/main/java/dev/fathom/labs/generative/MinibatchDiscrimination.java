package dev.fathom.labs.generative;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * Adds to the features of each example how close the other examples of its batch are, so that a critic can see that all
 * samples look alike (Salimans et al. 2016): with M = x T [n, kernels, width], o[i, k] = the sum over j of exp(-|M[i,
 * k] - M[j, k]|_1), less the 1 of j = i. The result is x and o side by side.
 *
 * @param weight T [features, kernels * width]
 * @param kernels how many numbers are added
 */
record MinibatchDiscrimination(Parameter weight, int kernels) implements Layer {
    MinibatchDiscrimination(int features, int kernels, int width) {
        this(new Parameter(Shape.of(features, kernels * width), Init.normal(0, 0.05f)), kernels);
    }

    @Override
    public Tensor forward(Tensor x) {
        int n = x.dim(0);
        int width = weight.shape().dim(1) / kernels;
        Tensor m = x.matmul(weight.value());
        Tensor distance = m.reshape(n, 1, kernels, width)
                .sub(m.reshape(1, n, kernels, width))
                .abs()
                .sum(3);
        return Tensor.concat(1, x, distance.neg().exp().sum(1).sub(1));
    }
}
