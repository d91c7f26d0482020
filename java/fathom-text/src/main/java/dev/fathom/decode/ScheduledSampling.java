package dev.fathom.decode;

import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Where;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * What a decoder reads in training. With teacher forcing it reads the true tokens, all of which {@link #shifted} gives
 * at once. With scheduled sampling (Bengio et al. 2015) it reads, step by step, the true token with a probability that
 * falls during training, and else one that it drew itself, so that it learns to go on after its own mistakes:
 *
 * <pre>{@code
 * var schedule = ScheduledSampling.inverseSigmoid(1000);
 * Tensor token = inputs.slice(1, 0, 1).reshape(n);
 * for (int t = 0; t < length; t++) {
 *   Tensor logits = decoder.step(token);                             // and the loss of it
 *   if (t + 1 < length) token = schedule.next(targets.slice(1, t, t + 1).reshape(n), logits, step);
 * }
 * }</pre>
 */
@FunctionalInterface
public interface ScheduledSampling {
    /** Returns the probability to read the true token at this step of the optimizer, counted from 0, in [0, 1]. */
    double probability(long step);

    /** Returns a schedule that always reads the true token, which is teacher forcing. */
    static ScheduledSampling never() {
        return step -> 1;
    }

    /**
     * Falls from 1 by {@code slope} a step, down to {@code least}: max(least, 1 - slope step).
     *
     * @throws IllegalArgumentException if the slope is negative or not finite, or least outside [0, 1]
     */
    static ScheduledSampling linear(double slope, double least) {
        Checks.notNegative("ScheduledSampling.linear", "slope", slope);
        Checks.in("ScheduledSampling.linear", "least", least, "[0, 1]");
        return step -> Math.max(least, 1 - slope * step);
    }

    /**
     * Returns a schedule whose probability falls as k^step.
     *
     * @throws IllegalArgumentException if k is outside (0, 1]
     */
    static ScheduledSampling exponential(double k) {
        Checks.in("ScheduledSampling.exponential", "k", k, "(0, 1]");
        return step -> Math.pow(k, (double) step);
    }

    /**
     * Falls as k / (k + exp(step / k)): slowly, faster about step k log k, and slowly again.
     *
     * @throws IllegalArgumentException if k is below 1 or not finite
     */
    static ScheduledSampling inverseSigmoid(double k) {
        Checks.in("ScheduledSampling.inverseSigmoid", "k", k, "[1, Infinity)");
        return step -> k / (k + Math.exp(step / k));
    }

    /**
     * Returns what each row reads next, I32 [n]: the true token with {@link #probability}, else one that is drawn from
     * softmax(logits), both by the random numbers of the pass. No gradient flows through the choice.
     *
     * @param truth I32 [n]
     * @param logits [n, vocabulary]
     * @param step of the optimizer, from 0
     * @throws IllegalArgumentException if the shapes disagree, or the probability is outside [0, 1]
     * @throws IllegalStateException if the pass has no random numbers
     */
    default Tensor next(Tensor truth, Tensor logits, long step) {
        if (logits.shape().rank() != 2 || truth.shape().rank() != 1 || truth.dim(0) != logits.dim(0)) {
            throw new IllegalArgumentException("scheduled_sampling" + Where.running() + ": tokens " + truth.shape()
                    + " and logits " + logits.shape() + " disagree; give [n] and [n, vocabulary]");
        }
        double p = probability(step);
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("scheduled_sampling" + Where.running() + ": the probability at step "
                    + step + " is " + p + " and must be in [0, 1]");
        }
        if (p == 1) {
            return truth;
        }
        Pass pass = Pass.current();
        // The largest of logits with Gumbel noise is a draw from their softmax. A uniform number may be 0, whose noise
        // is -Infinity, but never 1.
        Tensor noise = pass.uniform(logits.shape(), 0, 1).log().neg().log().neg();
        Tensor drawn = logits.detach().add(noise).argmax(1);
        Tensor own = pass.uniform(truth.shape(), 0, 1).ge((float) p).to(DType.I32);
        return truth.add(drawn.sub(truth).mul(own));
    }

    /**
     * Returns what a decoder reads under teacher forcing, so that it predicts {@code targets} [n, length] step by step:
     * the start symbol, and then the targets but the last.
     *
     * @param targets I32 [n, length]
     * @throws IllegalArgumentException if these are no I32 [n, length]
     */
    static Tensor shifted(Tensor targets, int start) {
        if (targets.dtype() != DType.I32 || targets.shape().rank() != 2) {
            throw new IllegalArgumentException("shifted" + Where.running() + ": targets " + targets.shape() + " are "
                    + targets.dtype() + "; give I32 [n, length]");
        }
        int n = targets.dim(0);
        int length = targets.dim(1);
        if (length == 0) {
            return targets;
        }
        int[] first = new int[n];
        Arrays.fill(first, start);
        return Tensor.concat(1, Tensor.ofInts(first, n, 1), targets.slice(1, 0, length - 1));
    }
}
