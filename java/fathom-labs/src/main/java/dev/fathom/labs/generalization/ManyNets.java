package dev.fathom.labs.generalization;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * Many small networks side by side, y = v' tanh(w x + b) + c, each with its own weights and its own examples: from x
 * [networks, n, 1] to y [networks, n, 1]. The mean of their losses has for each network the gradient of its own loss,
 * and an optimizer that scales gradients element by element, such as Adam, trains each as if it were alone.
 *
 * @param w [networks, 1, width]
 * @param b [networks, 1, width]
 * @param v [networks, width, 1]
 * @param c [networks, 1, 1]
 */
record ManyNets(Parameter w, Parameter b, Parameter v, Parameter c) implements Layer {
    ManyNets(int networks, int width) {
        this(
                new Parameter(Shape.of(networks, 1, width), Init.normal(0, 1)),
                new Parameter(Shape.of(networks, 1, width), Init.normal(0, 2)),
                new Parameter(Shape.of(networks, width, 1), Init.normal(0, (float) Math.sqrt(1.0 / width))),
                new Parameter(Shape.of(networks, 1, 1), Init.zeros()));
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.mul(w.value()).add(b.value()).tanh().matmul(v.value()).add(c.value());
    }
}
