package dev.fathom.experiments.training;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * y[k] = x[k] W[k] + b[k], a linear layer of each of many networks that learn side by side: what would be many small
 * steps is one large one. The gradient of the sum of their losses is that of each network alone, so that with an
 * optimizer that works element by element no network disturbs another.
 *
 * @param weight W [nets, in, out]
 * @param bias b [nets, 1, out]
 */
public record ManyLinear(Parameter weight, Parameter bias) implements Layer {
    /** Makes layers that begin as PyTorch's, uniform in +-1/sqrt(in). */
    public ManyLinear(int nets, int in, int out) {
        this(nets, in, out, (float) (1 / Math.sqrt(in)));
    }

    /** Makes layers whose weights and biases begin uniform in +-reach. */
    public ManyLinear(int nets, int in, int out, float reach) {
        this(
                new Parameter(Shape.of(nets, in, out), uniform(reach)),
                new Parameter(Shape.of(nets, 1, out), uniform(reach)));
    }

    private static Initializer uniform(float reach) {
        return (shape, rng) -> rng.uniform(Math.toIntExact(shape.size()), -reach, reach);
    }

    /** Computes [nets, n, out] from x [nets, n, in], or from x [n, in] that all networks read. */
    @Override
    public Tensor forward(Tensor x) {
        return x.matmul(weight.value()).add(bias.value());
    }

    /** Computes [n, out] of one network from x [n, in]. */
    private Tensor one(int net, Tensor x) {
        Tensor w = weight.value().slice(0, net, net + 1).squeeze(0);
        return x.matmul(w).add(bias.value().slice(0, net, net + 1).squeeze(0));
    }

    /** Computes what the first {@code layers} layers of one network among many make of x [n, in]. */
    public static Tensor one(Sequential nets, int net, int layers, Tensor x) {
        Tensor y = x;
        for (Layer layer : nets.layers().subList(0, layers)) {
            y = layer instanceof ManyLinear many ? many.one(net, y) : layer.apply(y);
        }
        return y;
    }
}
