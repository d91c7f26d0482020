package dev.fathom.nets;

import dev.fathom.nn.WeightedLayer;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;

/**
 * Runs {@code layer} with a weight of which each element is 0 with probability p in training, independently, and the
 * others are multiplied by 1 / (1 - p) (Wan et al. 2013). In evaluation the weight is complete. The paper draws a mask
 * for each example and samples activations in evaluation; here the examples of a call share one mask, and evaluation
 * takes the mean of the weights, as {@link dev.fathom.nn.Dropout} does for activations. The bias is never dropped.
 *
 * @param layer a linear layer, a convolution, or another layer with a weight; the names of its parameters do not change
 * @param p the probability to drop, in [0, 1)
 */
public record DropConnect(@Inline WeightedLayer layer, float p) implements Reweighted {
    /**
     * Checks p.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public DropConnect {
        Checks.dropProbability("DropConnect", "p", p);
    }

    @Override
    public Tensor weighted(Tensor x, Operand w) {
        boolean drops = p > 0 && Pass.current().training();
        return layer.apply(x, drops ? w.value().dropout(p, 1 / (1 - p)) : w);
    }
}
