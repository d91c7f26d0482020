package dev.fathom.nn;

import dev.fathom.autograd.Values;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Mean of -sum q log softmax(x) over the rows of logits x [.., classes], as PyTorch's CrossEntropyLoss. Targets are I32
 * class numbers [..], or F32 probabilities [.., classes], for example mixed labels or another model's answers.
 *
 * <ul>
 *   <li>{@link #labelSmoothing}: q = (1 - s) t + s / classes instead of t (Szegedy et al. 2016), which keeps logits
 *       from growing without end;
 *   <li>{@link #classWeights}: q is multiplied by the weight of its class. With class numbers, the sum is divided by
 *       the sum of the labels' weights; with probabilities, it is divided by the number of rows;
 *   <li>{@link #ignoreIndex}: rows with this label, such as padding, do not count;
 *   <li>{@link #focal}: q is multiplied by (1 - softmax(x))^gamma, so that rows which are right already count less (Lin
 *       et al. 2017).
 * </ul>
 *
 * <p>The loss throws IllegalArgumentException where shapes disagree, a label is outside [0, classes), or probabilities
 * do not sum to 1 within 0.001. A loss is immutable: its methods return another one.
 */
public final class CrossEntropy implements ReducedLoss {
    private final Outputs scores;
    private final float smoothing;
    private final float gamma;
    private final float @Nullable [] weights;
    private final @Nullable Integer ignored;

    CrossEntropy(Outputs scores) {
        this(scores, 0, 0, null, null);
    }

    private CrossEntropy(
            Outputs scores, float smoothing, float gamma, float @Nullable [] weights, @Nullable Integer ignored) {
        this.scores = scores;
        this.smoothing = smoothing;
        this.gamma = gamma;
        this.weights = weights;
        this.ignored = ignored;
    }

    /**
     * Returns this loss with a part of every target's mass spread evenly over all classes.
     *
     * @throws IllegalArgumentException if it is outside [0, 1]
     */
    public CrossEntropy labelSmoothing(float part) {
        Checks.in("crossEntropy", "smoothing", part, "[0, 1]");
        return new CrossEntropy(scores, part, gamma, weights, ignored);
    }

    /**
     * Returns this loss with a weight for each class.
     *
     * @throws IllegalArgumentException if a weight is negative or not finite, or all of them are 0
     */
    public CrossEntropy classWeights(float... perClass) {
        return new CrossEntropy(
                scores, smoothing, gamma, LossWeights.checked("crossEntropy: weight", perClass), ignored);
    }

    /**
     * Returns this loss without the rows of this label: their values are 0, and the mean is over the others (PyTorch's
     * ignore_index). It may be a class or any other number, such as -100, and holds for class numbers only. The loss
     * throws IllegalArgumentException where no row counts.
     */
    public CrossEntropy ignoreIndex(int label) {
        return new CrossEntropy(scores, smoothing, gamma, weights, label);
    }

    /**
     * Returns this loss with each term -q log p multiplied by (1 - p)^gamma, where p is softmax(x): the focal loss (Lin
     * et al. 2017), whose alpha are the {@link #classWeights}. With gamma 0 nothing changes; 2 is usual.
     *
     * @throws IllegalArgumentException if gamma is negative or not finite
     */
    public CrossEntropy focal(float gamma) {
        return new CrossEntropy(
                scores, smoothing, Checks.notNegative("crossEntropy", "gamma", gamma), weights, ignored);
    }

    /** wrong^gamma, with a slope that is finite where wrong is 0. */
    static Tensor focus(Tensor wrong, float gamma) {
        return wrong.clamp(Float.MIN_NORMAL, 1).pow(gamma);
    }

    @Override
    public Tensor each(Tensor x, Tensor target) {
        return rows(x, target).values;
    }

    @Override
    public Tensor of(Tensor x, Tensor target) {
        if (gamma == 0 && scores != Outputs.LOG_PROBABILITIES) {
            Tensor logits = logits(x);
            if (ignored == null) {
                if (target.dtype() == DType.F32
                        && target.shape().equals(logits.shape())
                        && logits.shape().rank() > 0) {
                    Domain.probabilities("crossEntropy", target);
                }
                return logits.crossEntropy(target, smoothing, perClass());
            }
            float[] others = others(logits);
            if (others.length > 0 && target.dtype() == DType.I32) {
                Tensor loss = logits.crossEntropy(target, 0, Tensor.of(others, others.length));
                if (Values.traced(loss) || !Float.isNaN(loss.item())) {
                    return loss;
                } // else there may be no row that counts, which is refused below
            }
        }
        Rows rows = rows(x, target);
        return LossWeights.mean(rows.values, rows.weights, null);
    }

    @Override
    public Tensor of(Tensor x, Tensor target, Tensor weights) {
        Rows rows = rows(x, target);
        return LossWeights.mean(rows.values, rows.weights, weights);
    }

    /**
     * Returns the sum of the weights of the labels that count: their number, without {@link #classWeights}. For
     * probabilities it is the number of rows, whatever the classes weigh.
     */
    @Override
    public double weight(Tensor x, Tensor target) {
        if (target.dtype() == DType.F32) {
            return target.shape().rank() == 0 ? 1 : (double) target.size() / Math.max(1, target.dim(-1));
        }
        if (ignored == null && weights == null) {
            return target.size();
        }
        double sum = 0;
        for (int label : target.toIntArray()) {
            if (ignored == null || label != ignored) {
                sum += weights == null || label < 0 || label >= weights.length ? 1 : weights[label];
            }
        }
        return sum;
    }

    @Override
    public Outputs outputs() {
        return scores;
    }

    /** Returns the label that {@link #ignoreIndex} leaves out, or null if every label counts. */
    @Override
    public @Nullable Integer ignored() {
        return ignored;
    }

    /**
     * The weights of classes with which the fused loss ignores what this one ignores; none where there are no such
     * weights.
     */
    private float[] others(Tensor logits) {
        int classes = logits.shape().rank() == 0 ? 0 : logits.dim(-1);
        if (ignored == null
                || ignored < 0
                || ignored >= classes
                || smoothing != 0
                || weights != null && weights.length != classes) {
            return new float[0];
        }
        float[] others = weights == null ? new float[classes] : weights.clone();
        if (weights == null) {
            Arrays.fill(others, 1);
        }
        others[ignored] = 0;
        return others;
    }

    /** What each row gives, and its weight, which its value has in it; null where all weigh the same. */
    private record Rows(Tensor values, @Nullable Tensor weights) {}

    private Rows rows(Tensor x, Tensor target) {
        Tensor logits = logits(x);
        if (ignored != null && target.dtype() != DType.I32) {
            throw new IllegalArgumentException(
                    name() + ": ignoreIndex=" + ignored + " is for class numbers, but the target " + target.shape()
                            + " is " + target.dtype() + "; leave rows out with weights");
        }
        if (target.dtype() == DType.I32) {
            Targets.mustBeLabels(name(), logits, target);
        } else {
            Targets.PROBABILITIES.of(name(), logits, target);
        }
        Tensor log = scores == Outputs.LOG_PROBABILITIES ? logits : logits.logSoftmax(-1);
        Tensor perClass = perClass();
        if (perClass != null && perClass.size() != log.dim(-1)) {
            throw new IllegalArgumentException(name() + ": output " + x.shape() + " has " + log.dim(-1)
                    + " classes but there are " + perClass.size() + " weights; give one weight a class");
        }
        Tensor kept = ignored == null ? null : target.ne(Tensor.ofInts(new int[] {ignored}));
        Tensor counts = kept;
        Tensor q = target;
        if (target.dtype() == DType.I32) {
            // class 0 in place of the ignored number, which may be no class
            Tensor labels = kept == null ? target : target.mul(kept.to(DType.I32));
            q = labels.oneHot(log.dim(-1));
            if (perClass != null) {
                Tensor perLabel = perClass.take(0, labels);
                counts = kept == null ? perLabel : kept.mul(perLabel);
            }
        }
        if (smoothing != 0) {
            q = q.mul(1 - smoothing).add(smoothing / log.dim(-1));
        }
        if (perClass != null) {
            q = q.mul(perClass);
        }
        if (kept != null) {
            q = q.mul(kept.unsqueeze(-1));
        }
        Tensor terms = q.ne(0).where(log, Tensor.scalar(0)); // 0 log 0 is 0
        if (gamma != 0) {
            terms = terms.mul(focus(log.expm1().neg(), gamma));
        }
        return new Rows(q.mul(terms).sum(-1).neg(), counts);
    }

    private @Nullable Tensor perClass() {
        return weights == null ? null : Tensor.of(weights, weights.length);
    }

    /** Scores of all classes. */
    private Tensor logits(Tensor x) {
        if (scores != Outputs.LOGITS_WITHOUT_BASELINE) {
            return x;
        }
        Targets.mustHaveRows(name(), x);
        // the zeros of a column's shape, through which nothing flows
        return Tensor.concat(-1, x, x.slice(-1, 0, 1).gt(Float.POSITIVE_INFINITY));
    }

    private String name() {
        return scores == Outputs.LOG_PROBABILITIES ? "nll" : "crossEntropy";
    }

    /**
     * Returns a short form such as {@code crossEntropy[labelSmoothing=0.1, gamma=0.0, classWeights=null,
     * ignoreIndex=null]}.
     */
    @Override
    public String toString() {
        return name() + (scores == Outputs.LOGITS_WITHOUT_BASELINE ? "WithBaseline" : "") + "[labelSmoothing="
                + smoothing + ", gamma=" + gamma + ", classWeights=" + Arrays.toString(weights) + ", ignoreIndex="
                + ignored + "]";
    }
}
