package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The sum of a loss's values.
 *
 * @param loss the loss
 */
record SummedLoss(ReducedLoss loss) implements ReducedLoss {
    @Override
    public boolean sums() {
        return true;
    }

    @Override
    public double weight(Tensor output, Tensor target) {
        return loss.weight(output, target);
    }

    @Override
    public @Nullable Integer ignored() {
        return loss.ignored();
    }

    @Override
    public Outputs outputs() {
        return loss.outputs();
    }

    @Override
    public Tensor each(Tensor output, Tensor target) {
        return loss.each(output, target);
    }

    @Override
    public Tensor of(Tensor output, Tensor target) {
        return each(output, target).sum();
    }

    @Override
    public Tensor of(Tensor output, Tensor target, Tensor weights) {
        return LossWeights.sum(each(output, target), weights);
    }

    @Override
    public ReducedLoss sum() {
        return this;
    }
}
