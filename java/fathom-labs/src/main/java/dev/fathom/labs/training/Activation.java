package dev.fathom.labs.training;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Maxout;
import dev.fathom.nn.PRelu;
import dev.fathom.nn.RRelu;
import dev.fathom.nn.Swish;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.IntFunction;

/**
 * An activation.
 *
 * @param layer makes one for a number of units
 * @param inputs numbers that go in for each that comes out
 */
public record Activation(String name, Kind kind, IntFunction<Layer> layer, int inputs) {
    /** The name of that which leaves a network linear. */
    public static final String NONE = "None (linear)";

    /** All activations of the library, and none. */
    public static final List<Activation> ALL = List.of(
            new Activation("ReLU", Kind.RECTIFIERS, Tensor::relu),
            new Activation("Leaky ReLU", Kind.RECTIFIERS, x -> x.leakyRelu(0.1f)),
            new Activation("PReLU", Kind.RECTIFIERS, PRelu::new, 1),
            new Activation("RReLU", Kind.RECTIFIERS, new RRelu()),
            new Activation("ReLU6", Kind.RECTIFIERS, Tensor::relu6),
            new Activation("Maxout of 2", Kind.RECTIFIERS, units -> new Maxout(2), 2),
            new Activation(NONE, Kind.RECTIFIERS, x -> x),
            new Activation("Sigmoid", Kind.BOUNDED, Tensor::sigmoid),
            new Activation("Hard sigmoid", Kind.BOUNDED, Tensor::hardSigmoid),
            new Activation("Tanh", Kind.BOUNDED, Tensor::tanh),
            new Activation("Hard tanh", Kind.BOUNDED, Tensor::hardTanh),
            new Activation("Softsign", Kind.BOUNDED, Tensor::softsign),
            new Activation("Straight-through step", Kind.BOUNDED, x -> x.straightThrough(1)),
            new Activation("Step", Kind.BOUNDED, Tensor::step),
            new Activation("ELU", Kind.EXPONENTIAL, x -> x.elu(1)),
            new Activation("CELU", Kind.EXPONENTIAL, x -> x.celu(0.5f)),
            new Activation("SELU", Kind.EXPONENTIAL, Tensor::selu),
            new Activation("Softplus", Kind.EXPONENTIAL, Tensor::softplus),
            new Activation("GELU", Kind.GATED, Tensor::gelu),
            new Activation("GELU by tanh", Kind.GATED, Tensor::geluTanh),
            new Activation("Quick GELU", Kind.GATED, x -> x.swish(1.702f)),
            new Activation("SiLU", Kind.GATED, Tensor::silu),
            new Activation("Swish, learned", Kind.GATED, Swish::new, 1),
            new Activation("Hard swish", Kind.GATED, Tensor::hardSwish),
            new Activation("Mish", Kind.GATED, Tensor::mish));

    /** Activations that resemble each other. */
    public enum Kind {
        RECTIFIERS("Rectifiers"),
        BOUNDED("Bounded activations"),
        EXPONENTIAL("Exponential rectifiers"),
        GATED("Gated rectifiers");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** Its name on pages. */
        public String title() {
            return title;
        }
    }

    private Activation(String name, Kind kind, Layer layer) {
        this(name, kind, units -> layer, 1);
    }
}
