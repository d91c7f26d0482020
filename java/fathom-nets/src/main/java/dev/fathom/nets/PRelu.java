package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * y = x for x &gt; 0, else a x with a slope a that is learned (He et al. 2015), one for all of x or one for each
 * channel, the last dimension of x. Files of PyTorch's PReLU load as they are. Weight decay draws the slopes to 0,
 * which makes a ReLU of the layer.
 *
 * @param weight a, [1] or [channels]
 */
public record PRelu(Parameter weight) implements StepwiseLayer {
    /** Makes a layer with one slope for everything, which begins at 0.25. */
    public PRelu() {
        this(1);
    }

    /**
     * Makes a layer with a slope for each channel, all of which begin at 0.25.
     *
     * @throws IllegalArgumentException if channels is below 1
     */
    public PRelu(int channels) {
        this(channels, 0.25f);
    }

    /**
     * Makes a layer with a slope for each channel, or one for everything if {@code channels} is 1, all of which begin
     * at {@code slope}.
     *
     * @throws IllegalArgumentException if channels is below 1, or slope is not finite
     */
    public PRelu(int channels, float slope) {
        this(new Parameter(
                Shape.of(Checks.atLeast("PRelu", "channels", channels, 1)),
                Init.constant(Checks.finite("PRelu", "slope", slope))));
    }

    /** @throws IllegalArgumentException if there is a slope for each channel and x has another number of channels */
    @Override
    public Tensor forward(Tensor x) {
        Checks.perChannel("PRelu", x.shape(), weight.shape());
        return x.prelu(weight.value());
    }
}
