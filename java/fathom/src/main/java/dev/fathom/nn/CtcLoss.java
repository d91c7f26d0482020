package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Connectionist temporal classification (Graves et al. 2006), as PyTorch's CTCLoss: the loss of a net that says
 * something at every step, where only the order of the labels is known and not when they come. Logits are [n, steps,
 * classes], of which one class is the blank; softmax is part of the loss. {@link Tensor#ctcLoss} says what an alignment
 * is, and gives the loss of each example.
 *
 * <p>The loss of an example is divided by the number of its labels (by 1 if it has none), and the mean is taken over
 * the batch, unless {@link #sum} says otherwise. A trainer of this loss tells it the lengths of ragged fields x and y.
 * It refuses metrics, because no step has a label of its own. A step of your own tells the lengths itself, and gives
 * metrics what they read, such as the edits that turn what the net says into the labels:
 *
 * <pre>{@code
 * Trainer.custom(model, new Adam(1e-3f), (net, batch) -> {
 *     Tensor logits = net.apply(batch);
 *     Tensor loss = Loss.ctc().of(logits, batch.y(), batch.lengths("sound"), batch.lengths("letters"));
 *     List<Hypothesis> said = new CtcDecoding().greedy(logits.detach(), batch.lengths("sound"));
 *     int[] labels = batch.lengths("letters").toIntArray();
 *     float[] edits = new float[labels.length];
 *     for (int i = 0; i < labels.length; i++) {
 *         int[] meant = batch.y().slice(0, i, i + 1).slice(1, 0, labels[i]).toIntArray();
 *         edits[i] = ErrorRate.distance(said.get(i).tokens(), Arrays.stream(meant).boxed().toList());
 *     }
 *     return new Step.Result(loss, Tensor.of(edits, edits.length), batch.lengths("letters").to(DType.F32));
 * }).metrics(Metric.lowerIsBetter("label_error_rate", (e, n) -> new Metric.Sum(e.sum().item(), n.sum().item())));
 * }</pre>
 *
 * <p>If the labels of an example need more steps than it has, no alignment exists and its loss is infinite, which ends
 * training, unless {@link #zeroInfinity} lets such an example count as 0. A repeated label needs one step more, for the
 * blank in between. An example without labels is right if it is blank throughout; one without steps and without labels
 * has loss 0.
 *
 * <p>A loss is immutable: its methods return another one.
 */
public final class CtcLoss implements SequenceLoss {
    private final int blank;
    private final boolean zeroInfinity;
    private final boolean sums;

    CtcLoss(int blank, boolean zeroInfinity, boolean sums) {
        this.blank = blank;
        this.zeroInfinity = zeroInfinity;
        this.sums = sums;
    }

    /**
     * Returns this loss with another class as the blank, which is 0 by default.
     *
     * @throws IllegalArgumentException if it is negative; and when the loss is computed, if it is no class
     */
    public CtcLoss blank(int number) {
        return new CtcLoss(Checks.atLeast("ctc", "blank", number, 0), zeroInfinity, sums);
    }

    /** Returns this loss with 0 in place of the infinite loss of an example that no alignment fits. */
    public CtcLoss zeroInfinity() {
        return new CtcLoss(blank, true, sums);
    }

    /**
     * Returns this loss with the sum of the examples' losses in place of the mean, not divided by the numbers of
     * labels.
     */
    public CtcLoss sum() {
        return new CtcLoss(blank, zeroInfinity, true);
    }

    @Override
    public Outputs outputs() {
        return Outputs.LOGITS;
    }

    @Override
    public boolean sums() {
        return sums;
    }

    /**
     * Computes the loss of a padded batch.
     *
     * @param logits [n, steps, classes]
     * @param targets I32 [n, length]
     * @param lengths how many steps of each example count, I32 [n], or null for all
     * @param targetLengths how many labels of each example count, I32 [n], or null for all
     * @throws IllegalArgumentException as {@link Tensor#ctcLoss}, and if there is no example
     */
    @Override
    public Tensor of(Tensor logits, Tensor targets, @Nullable Tensor lengths, @Nullable Tensor targetLengths) {
        Tensor each = logits.ctcLoss(targets, lengths, targetLengths, blank);
        if (zeroInfinity) {
            each = each.maskedFill(each.eq(Float.POSITIVE_INFINITY), 0);
        }
        if (sums) {
            return each.sum();
        }
        if (targetLengths == null) {
            return each.mean().div(Math.max(1, targets.dim(1)));
        }
        return each.div(targetLengths.to(DType.F32).clamp(1, Float.MAX_VALUE)).mean();
    }

    /** Returns a short form such as {@code ctc[blank=0, zeroInfinity=false, sums=false]}. */
    @Override
    public String toString() {
        return "ctc[blank=" + blank + ", zeroInfinity=" + zeroInfinity + ", sums=" + sums + "]";
    }
}
