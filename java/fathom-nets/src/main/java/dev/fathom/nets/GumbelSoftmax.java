package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y = softmax((x + g) / temperature) over the last dimension of the logits x, where each g = -log(-log(u)) is drawn
 * from the Gumbel distribution with u uniform in (0, 1): a sample of a class that is differentiable in the logits (Jang
 * et al. 2017; Maddison et al. 2017). The largest element is a class with exactly the probability softmax(x), and the
 * lower the temperature, the closer y is to its one-hot vector.
 *
 * <p>The hard form returns that one-hot vector and passes the gradient of y straight through. As in PyTorch's
 * {@code gumbel_softmax}, there is noise in training. In evaluation there is none, g = 0, so that the soft form is
 * softmax(x / temperature) and the hard one is the most probable class, and a plan can be made of the layer; PyTorch's
 * function draws there too.
 *
 * @param temperature above 0
 * @param hard whether the result is the one-hot vector
 */
public record GumbelSoftmax(float temperature, boolean hard) implements StepwiseLayer {
    /**
     * Checks the temperature.
     *
     * @throws IllegalArgumentException if it is not above 0 and finite
     */
    public GumbelSoftmax {
        Checks.positive("GumbelSoftmax", "temperature", temperature);
    }

    /**
     * Makes the soft form.
     *
     * @throws IllegalArgumentException if the temperature is not above 0 and finite
     */
    public GumbelSoftmax(float temperature) {
        this(temperature, false);
    }

    /**
     * Makes the hard form, whose result is a one-hot vector.
     *
     * @throws IllegalArgumentException if the temperature is not above 0 and finite
     */
    public static GumbelSoftmax hard(float temperature) {
        return new GumbelSoftmax(temperature, true);
    }

    @Override
    public Tensor forward(Tensor x) {
        Pass pass = Pass.current();
        Tensor logits = pass.training() ? x.add(gumbel(pass, x)) : x;
        Tensor soft = logits.div(temperature).softmax(-1);
        // y - y is exactly 0, so that the values are those of the one-hot vector and the gradient is that of y
        return hard ? soft.argmax(-1).oneHot(x.dim(-1)).add(soft.sub(soft.detach())) : soft;
    }

    private static Tensor gumbel(Pass pass, Tensor x) {
        return pass.uniform(x.shape(), Float.MIN_NORMAL, 1).log().neg().log().neg();
    }
}
