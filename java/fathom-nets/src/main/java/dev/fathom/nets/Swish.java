package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * y = x sigmoid(beta x) with a beta that is learned (Ramachandran et al. 2017), one for all of x or one for each
 * channel, the last dimension of x. With beta = 1 it is SiLU, with beta = 0 it is x / 2, and with a large beta it comes
 * close to ReLU. PyTorch has no such layer.
 *
 * @param beta [1] or [channels]
 */
public record Swish(Parameter beta) implements StepwiseLayer {
    /** Makes a layer with one beta for everything, which begins at 1. */
    public Swish() {
        this(1);
    }

    /**
     * Makes a layer with a beta for each channel, all of which begin at 1.
     *
     * @throws IllegalArgumentException if channels is below 1
     */
    public Swish(int channels) {
        this(new Parameter(Shape.of(Checks.atLeast("Swish", "channels", channels, 1)), Init.constant(1)));
    }

    /** @throws IllegalArgumentException if there is a beta for each channel and x has another number of channels */
    @Override
    public Tensor forward(Tensor x) {
        Checks.perChannel("Swish", x.shape(), beta.shape());
        return x.swish(beta.value());
    }
}
