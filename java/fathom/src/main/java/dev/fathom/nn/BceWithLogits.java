package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Mean of -(p t log s(x) + (1 - t) log(1 - s(x))) over all elements, where s is the sigmoid, x are logits and t are
 * targets in [0, 1] of the same shape. It is PyTorch's BCEWithLogitsLoss. The weight p of positives is 1 unless
 * {@link #positiveWeight} says otherwise; above 1, a missed positive costs more, which raises recall. {@link #focal}
 * makes elements that are right already count less.
 *
 * <p>Computed as max(x, 0) - x t + log(1 + exp(-|x|)) + (p - 1) t log(1 + exp(-x)), which neither overflows nor
 * cancels. The loss throws IllegalArgumentException where the shapes of x and t differ, or a target is outside [0, 1].
 */
public final class BceWithLogits implements ReducedLoss {
    private final float @Nullable [] excess; // p - 1
    private final float gamma;

    BceWithLogits(float @Nullable [] excess, float gamma) {
        this.excess = excess;
        this.gamma = gamma;
    }

    /**
     * Returns this loss with another weight of positives: one number for all of them, or one for each column of the
     * last dimension.
     *
     * @throws IllegalArgumentException if a weight is negative or not finite, or all of them are 0
     */
    public BceWithLogits positiveWeight(float... weights) {
        float[] more = LossWeights.checked("bceWithLogits: positiveWeight", weights);
        for (int i = 0; i < more.length; i++) {
            more[i]--;
        }
        return new BceWithLogits(more, gamma);
    }

    /**
     * Returns this loss with every value multiplied by (1 - q)^gamma, where q = t s(x) + (1 - t) (1 - s(x)) is the
     * probability of the right answer: the focal loss (Lin et al. 2017; torchvision's sigmoid_focal_loss without its
     * alpha). With gamma 0 nothing changes; 2 is usual.
     *
     * @throws IllegalArgumentException if gamma is negative or not finite
     */
    public BceWithLogits focal(float gamma) {
        return new BceWithLogits(excess, Checks.notNegative("bceWithLogits", "gamma", gamma));
    }

    @Override
    public Outputs outputs() {
        return Outputs.BINARY_LOGITS;
    }

    @Override
    public Tensor each(Tensor logits, Tensor target) {
        Targets.mustMatch("bceWithLogits", logits, target);
        Domain.SHARES.check("bceWithLogits", "target", target);
        Tensor loss = logits.bceWithLogits(target);
        if (excess != null) {
            if (excess.length > 1 && (logits.shape().rank() == 0 || logits.dim(-1) != excess.length)) {
                throw new IllegalArgumentException("bceWithLogits: output " + logits.shape() + " and " + excess.length
                        + " positive weights disagree; give one weight, or one for each column of the last dimension");
            }
            Tensor ofPositives = target.mul(logits.bceWithLogits(Tensor.scalar(1)));
            loss = loss.add(
                    ofPositives.mul(excess.length == 1 ? Tensor.scalar(excess[0]) : Tensor.of(excess, excess.length)));
        }
        if (gamma != 0) {
            Tensor wrong = target.mul(logits.neg().sigmoid()).add(target.rsub(1).mul(logits.sigmoid()));
            loss = loss.mul(CrossEntropy.focus(wrong, gamma));
        }
        return loss;
    }

    /** Returns a short form such as {@code bceWithLogits[gamma=0.0, positiveWeight=null]}. */
    @Override
    public String toString() {
        return "bceWithLogits[gamma=" + gamma + ", positiveWeight="
                + (excess == null ? null : Arrays.toString(excess) + " + 1") + "]";
    }
}
