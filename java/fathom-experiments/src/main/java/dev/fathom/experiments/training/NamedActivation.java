package dev.fathom.experiments.training;

import dev.fathom.nets.Maxout;
import dev.fathom.nets.PRelu;
import dev.fathom.nets.RRelu;
import dev.fathom.nets.Swish;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.IntFunction;

/**
 * An activation.
 *
 * @param layer makes one for a number of units
 * @param inputs numbers that go in for each that comes out
 */
public record NamedActivation(String name, Kind kind, IntFunction<Layer> layer, int inputs) {
    /** The name of that which leaves a network linear. */
    public static final String NONE = "None (linear)";

    /** All activations of the library, and none. */
    public static final List<NamedActivation> ALL = List.of(
            new NamedActivation("ReLU", Kind.RECTIFIERS, Tensor::relu),
            new NamedActivation("Leaky ReLU", Kind.RECTIFIERS, x -> x.leakyRelu(0.1f)),
            new NamedActivation("PReLU", Kind.RECTIFIERS, PRelu::new, 1),
            new NamedActivation("RReLU", Kind.RECTIFIERS, new RRelu()),
            new NamedActivation("ReLU6", Kind.RECTIFIERS, Tensor::relu6),
            new NamedActivation("Maxout of 2", Kind.RECTIFIERS, units -> new Maxout(2), 2),
            new NamedActivation(NONE, Kind.RECTIFIERS, x -> x),
            new NamedActivation("Sigmoid", Kind.BOUNDED, Tensor::sigmoid),
            new NamedActivation("Hard sigmoid", Kind.BOUNDED, Tensor::hardSigmoid),
            new NamedActivation("Tanh", Kind.BOUNDED, Tensor::tanh),
            new NamedActivation("Hard tanh", Kind.BOUNDED, Tensor::hardTanh),
            new NamedActivation("Softsign", Kind.BOUNDED, Tensor::softsign),
            new NamedActivation("Straight-through step", Kind.BOUNDED, x -> x.straightThrough(1)),
            new NamedActivation("Step", Kind.BOUNDED, Tensor::step),
            new NamedActivation("ELU", Kind.EXPONENTIAL, x -> x.elu(1)),
            new NamedActivation("CELU", Kind.EXPONENTIAL, x -> x.celu(0.5f)),
            new NamedActivation("SELU", Kind.EXPONENTIAL, Tensor::selu),
            new NamedActivation("Softplus", Kind.EXPONENTIAL, Tensor::softplus),
            new NamedActivation("GELU", Kind.GATED, Tensor::gelu),
            new NamedActivation("GELU by tanh", Kind.GATED, Tensor::geluTanh),
            new NamedActivation("Quick GELU", Kind.GATED, x -> x.swish(1.702f)),
            new NamedActivation("SiLU", Kind.GATED, Tensor::silu),
            new NamedActivation("Swish, learned", Kind.GATED, Swish::new, 1),
            new NamedActivation("Hard swish", Kind.GATED, Tensor::hardSwish),
            new NamedActivation("Mish", Kind.GATED, Tensor::mish));

    /** Activations that resemble each other. */
    public enum Kind {
        RECTIFIERS,
        BOUNDED,
        EXPONENTIAL,
        GATED
    }

    private NamedActivation(String name, Kind kind, Layer layer) {
        this(name, kind, units -> layer, 1);
    }
}
