package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y = x + N(0, std^2) in training, with noise of its own for each element, and the identity in evaluation. As the first
 * layer of a net it acts like a penalty on the slope of what the net computes (Bishop 1995); for a linear model with
 * squared error it is ridge regression with lambda = n std^2 on the sum over n examples. It is the GaussianNoise of
 * Keras.
 *
 * @param std the standard deviation of the noise, 0 or more, in the units of x
 */
public record GaussianNoise(float std) implements StepwiseLayer {
    /**
     * Checks std.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public GaussianNoise {
        Checks.notNegative("GaussianNoise", "std", std);
    }

    @Override
    public Tensor forward(Tensor x) {
        Pass pass = Pass.current();
        return std == 0 || !pass.training()
                ? x
                : x.add(pass.randn(x.shape().toArray()).mul(std));
    }
}
