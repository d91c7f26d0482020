package dev.fathom.train;

import dev.fathom.tensor.Tensor;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;

/**
 * A metric that is made of functions.
 *
 * @param name in the history
 * @param moreIsBetter whether a larger value is better
 * @param ofLogits whether outputs must be logits
 * @param figure what the mean becomes
 * @param sum over one batch
 */
record FunctionMetric(
        String name,
        boolean moreIsBetter,
        boolean ofLogits,
        DoubleUnaryOperator figure,
        BiFunction<Tensor, Tensor, Metric.Sum> sum)
        implements Metric {
    @Override
    public Sum of(Tensor output, Tensor target) {
        return sum.apply(output, target);
    }

    @Override
    public double figure(double mean) {
        return figure.applyAsDouble(mean);
    }
}
