package dev.fathom.nn;

import dev.fathom.tensor.Tensor;

/**
 * A loss with a value for each example, or for each element of the output, and their mean as its single number. What is
 * done with the values is the same for every such loss:
 *
 * <pre>{@code
 * Loss.mse().of(y, t)            // the mean, PyTorch's reduction="mean"
 * Loss.mse().sum().of(y, t)      // the sum
 * Loss.mse().each(y, t)          // the values, PyTorch's reduction="none"
 * Loss.mse().of(y, t, weights)   // the mean in which examples count differently
 * }</pre>
 *
 * <p>A lambda from (output, target) to values is such a loss: {@code ReducedLoss cubic = (y, t) ->
 * y.sub(t).abs().pow(3)}.
 */
@FunctionalInterface
@SuppressWarnings("FunctionalInterfaceMethodChanged") // a formula of values is what a loss of one's own is
public interface ReducedLoss extends Loss {
    /**
     * Computes the values, of which a class number or a row of probabilities has one, and other targets have one for
     * each element.
     */
    Tensor each(Tensor output, Tensor target);

    /** Computes the mean of the values. */
    @Override
    default Tensor of(Tensor output, Tensor target) {
        return each(output, target).mean();
    }

    /**
     * Computes the weighted mean of the values v, which is sum w v / sum w, as scikit-learn does with its sample_weight
     * and PyTorch with the weights of classes. A loss that {@link #sum sums} computes sum w v.
     *
     * @param weights w, of the values' shape or of its first dimensions, such as [n], one for each example, for values
     *     [n, columns]
     * @throws IllegalArgumentException as {@link #of(Tensor, Tensor)}, and if the shapes of weights and values
     *     disagree, a weight is negative or not finite, or all of them are 0
     */
    default Tensor of(Tensor output, Tensor target, Tensor weights) {
        return LossWeights.mean(each(output, target), null, weights);
    }

    /** Returns this loss with the sum of the values in place of their mean. Its gradient grows with the batch. */
    default ReducedLoss sum() {
        return new SummedLoss(this);
    }
}
