package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Mean of -(p t log s(x) + (1 - t) log(1 - s(x))) over all elements, where s is the sigmoid, x are logits and t are targets in [0, 1] of the same
 * shape. It is PyTorch's BCEWithLogitsLoss. The weight p of positives is 1 unless {@link #positiveWeight} says otherwise; above 1, a missed positive
 * costs more, which raises recall.
 *
 * <p>Computed as max(x, 0) - x t + log(1 + exp(-|x|)) + (p - 1) t log(1 + exp(-x)), which neither overflows nor cancels.
 */
public final class BceWithLogits implements Loss {
    private final float @Nullable [] excess; // p - 1

    BceWithLogits(float @Nullable [] excess) {
        this.excess = excess;
    }

    /**
     * Returns this loss with another weight of positives: one number for all of them, or one for each column of the last dimension.
     *
     * @throws IllegalArgumentException if a weight is negative or not finite, or all of them are 0
     */
    public BceWithLogits positiveWeight(float... weights) {
        float[] more = Weights.checked("bceWithLogits: positiveWeight", weights);
        for (int i = 0; i < more.length; i++) {
            more[i]--;
        }
        return new BceWithLogits(more);
    }

    @Override
    public Tensor of(Tensor logits, Tensor target) {
        ElementwiseLoss.mustMatch("bceWithLogits", logits, target);
        Tensor loss = logits.bceWithLogits(target);
        if (excess == null) {
            return loss.mean();
        }
        if (excess.length > 1 && (logits.shape().rank() == 0 || logits.dim(-1) != excess.length)) {
            throw new IllegalArgumentException("bceWithLogits: output " + logits.shape() + " and " + excess.length
                    + " positive weights disagree; give one weight, or one for each column of the last dimension");
        }
        Tensor ofPositives = target.mul(logits.bceWithLogits(Tensor.scalar(1)));
        return loss.add(ofPositives.mul(
                        excess.length == 1 ? Tensor.scalar(excess[0]) : Tensor.of(excess, excess.length)))
                .mean();
    }
}
