package dev.fathom.train;

import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;

/**
 * A figure that is a weighted mean, or a function of such a mean. Of each batch it gives a sum and the weight to divide
 * by, such as the number of right labels and the number of labels, so that the figure of all batches is that of all
 * examples together, whatever the batches were.
 *
 * <p>Metrics of classes read logits [.., classes] and I32 class numbers [..], with any number of dimensions: a label of
 * every example [n], or of every token [n, length]. In place of class numbers they take F32 probabilities [..,
 * classes], whose most probable class is the label.
 */
public interface Metric {
    /**
     * The sum of a figure over one batch, and what it is divided by.
     *
     * @param value the sum
     * @param weight the number of examples, labels or elements that were added up, or the sum of their weights
     */
    record Sum(double value, double weight) {
        /**
         * Checks the weight.
         *
         * @throws IllegalArgumentException if the weight is negative or not finite
         */
        public Sum {
            if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "metric: the weight " + weight + " of a sum must be 0 or more and finite");
            }
        }

        /** Returns the sum of values of any shape that all count alike, one for each example, label or element. */
        public static Sum of(Tensor values) {
            Tensor floats = values.to(DType.F32);
            return new Sum(floats.sum().item(), values.size());
        }

        /**
         * Returns the sum of values of any shape, each times its weight, divided by the sum of the weights.
         *
         * @param weights of the shape of the values, for example 1 for a word and 0 for padding
         * @throws IllegalArgumentException if the shapes differ
         */
        public static Sum of(Tensor values, Tensor weights) {
            same("metric: values", values, "weights", weights);
            Tensor w = weights.to(DType.F32);
            return new Sum(values.to(DType.F32).mul(w).sum().item(), w.sum().item());
        }

        /** Returns the sum of a figure whose mean over {@code n} examples is known. */
        public static Sum ofMean(double mean, int n) {
            return new Sum(mean * n, n);
        }
    }

    /** Returns its name in the history, such as {@code accuracy}. */
    String name();

    /** Returns the sum of the figure over one batch, and its weight. */
    Sum of(Tensor output, Tensor target);

    /**
     * Returns the figure, from all the sums divided by all the weights: this mean itself, unless a metric says
     * otherwise.
     */
    default double figure(double mean) {
        return mean;
    }

    /**
     * Returns whether a larger value is better, as for an accuracy, or worse, as for an error. This decides which epoch
     * is the best.
     */
    boolean moreIsBetter();

    /**
     * Returns whether outputs must be logits, because probabilities in their place would give a wrong figure. A trainer
     * refuses such a metric beside a loss of probabilities.
     */
    default boolean ofLogits() {
        return false;
    }

    /**
     * Returns this metric without the labels of this number, such as padding, as
     * {@link dev.fathom.nn.CrossEntropy#ignoreIndex} leaves them out of the loss. A trainer of a loss that leaves a
     * label out does so for all its metrics; in a custom step they are told here.
     *
     * <p>The targets must be I32 class numbers [..] and the outputs [.., classes].
     */
    default Metric ignoreIndex(int label) {
        return new FunctionMetric(name(), moreIsBetter(), ofLogits(), this::figure, (y, t) -> {
            Labels.Kept kept = Labels.without(name(), label, y, t);
            return kept.target().size() == 0 ? new Sum(0, 0) : of(kept.output(), kept.target());
        });
    }

    /**
     * Makes a metric whose larger values are better, such as an accuracy.
     *
     * <pre>{@code
     * Metric.higherIsBetter("close", (y, t) -> Sum.of(y.sub(t).abs().lt(0.1f)))
     * }</pre>
     *
     * @param name its name in the history
     * @param sum its sum over one batch with its weight, from output and target
     */
    static Metric higherIsBetter(String name, BiFunction<Tensor, Tensor, Sum> sum) {
        return new FunctionMetric(name, true, false, mean -> mean, sum);
    }

    /**
     * Makes a metric whose smaller values are better, such as an error.
     *
     * @param name its name in the history
     * @param sum its sum over one batch with its weight, from output and target
     */
    static Metric lowerIsBetter(String name, BiFunction<Tensor, Tensor, Sum> sum) {
        return new FunctionMetric(name, false, false, mean -> mean, sum);
    }

    // ---- classes

    /**
     * Returns the share of labels whose logit is the largest of the classes. Of equal logits the lower class counts as
     * the largest.
     *
     * <p>Where there is one logit for each label, [n] or [n, 1], it says which of two classes is meant, as
     * {@code Loss.bceWithLogits} reads it: it is right if it is above 0 and the target is 1, or not above 0 and the
     * target is 0. Such targets are I32 or F32; of shares in between, those above 0.5 count as 1. For targets of
     * several columns of zeros and ones there is {@link #binaryAccuracy()}.
     *
     * <p>It throws IllegalArgumentException where shapes disagree, a label is no class, or a row of F32 targets is no
     * distribution.
     */
    static Metric accuracy() {
        return new FunctionMetric("accuracy", true, true, mean -> mean, (y, t) -> {
            if (Labels.ofOneLogit(y, t)) {
                return Labels.binary("accuracy", 0, y, t);
            }
            Tensor labels = Labels.classes("accuracy", y, t);
            return new Sum(y.correct(labels).item(), labels.size());
        });
    }

    /** Returns {@link #binaryAccuracy(float)} of logits, which say 1 above 0. */
    static Metric binaryAccuracy() {
        return binaryAccuracy(0);
    }

    /**
     * Returns {@code binary_accuracy}, the share of the elements that are on the right side of a threshold: outputs
     * above it say 1, the others 0. Targets have the shape of the outputs, in which a last dimension of 1 may be
     * missing; they are 0 or 1, I32 or F32, and of shares in between those above 0.5 count as 1. For several labels of
     * one example, every label counts.
     *
     * @param threshold 0.5 for the probabilities that {@code Loss.bce} takes, and 0 for logits
     */
    static Metric binaryAccuracy(float threshold) {
        return new FunctionMetric(
                "binary_accuracy",
                true,
                threshold == 0,
                mean -> mean,
                (y, t) -> Labels.binary("binary_accuracy", threshold, y, t));
    }

    /**
     * Returns the perplexity of logits [.., classes] on I32 labels [..]: exp of the mean of -log softmax(x)[label] over
     * all labels, which is the number of classes of a model that knows nothing, and 1 for one that knows everything.
     */
    static Metric perplexity() {
        return ofLogLoss("perplexity", Math::exp);
    }

    /**
     * Returns the bits per character of logits [.., characters] on the I32 characters [..] that actually followed: the
     * mean of -log2 softmax(x)[character], which is what a compressor that knows the model would need for each. It is
     * log2 of the {@link #perplexity}; for bytes it is called bits per byte.
     */
    static Metric bitsPerCharacter() {
        return ofLogLoss("bits_per_character", mean -> mean / Math.log(2));
    }

    /**
     * Returns {@code top5_accuracy} for k = 5: the share of labels that are among the {@code k} largest of their
     * logits. Of equal logits the lower class comes first.
     *
     * @throws IllegalArgumentException if {@code k < 1}; in training, if k is more than the number of classes
     */
    static Metric topAccuracy(int k) {
        Checks.atLeast("topAccuracy", "k", k, 1);
        String name = "top" + k + "_accuracy";
        return higherIsBetter(name, (output, target) -> {
            int[] labels = Labels.several(name, output, target).toIntArray();
            int[] best = output.topk(-1, k).indices().toIntArray();
            int hits = 0;
            for (int i = 0; i < best.length; i++) {
                hits += best[i] == labels[i / k] ? 1 : 0;
            }
            return new Sum(hits, labels.length);
        });
    }

    /**
     * Returns {@code brier}, the mean over labels of sum_k (p[k] - [label = k])^2 with p = softmax of the logits, where
     * F32 probabilities take the place of [label = k] (Brier 1950).
     */
    static Metric brier() {
        return new FunctionMetric("brier", false, true, mean -> mean, (output, target) -> {
            Tensor labels = Labels.several("brier", output, target);
            Tensor truth = target.dtype() == DType.F32 ? target : target.oneHot(output.dim(-1));
            return new Sum(output.softmax(-1).sub(truth).square().sum().item(), labels.size());
        });
    }

    // ---- numbers

    /** Returns {@code mae}, the mean absolute error over all elements of outputs and targets of one shape. */
    static Metric meanAbsoluteError() {
        return ofNumbers("mae", mean -> mean, (y, t) -> y.sub(t).abs());
    }

    /**
     * Returns {@code rmse}, the root of the mean squared error over all elements of outputs and targets of one shape.
     */
    static Metric rootMeanSquaredError() {
        return ofNumbers("rmse", Math::sqrt, (y, t) -> y.sub(t).square());
    }

    /**
     * Returns {@code mape}, the mean absolute percentage error as a share: the mean of |output - target| / |target|
     * over all elements of outputs and targets of one shape. It is infinite or NaN if a target is 0.
     */
    static Metric meanAbsolutePercentageError() {
        return ofNumbers("mape", mean -> mean, (y, t) -> y.sub(t).div(t).abs());
    }

    private static Metric ofNumbers(
            String name, DoubleUnaryOperator figure, BiFunction<Tensor, Tensor, Tensor> values) {
        return new FunctionMetric(name, false, false, figure, (y, t) -> {
            same(name + ": output", y, "target", t); // broadcasting [n, 1] against [n] would quietly compare all pairs
            Tensor each = values.apply(y, t);
            return each.shape().rank() == 0
                    ? Sum.of(each)
                    : Sum.ofMean(each.mean().item(), each.dim(0));
        });
    }

    private static void same(String what, Tensor a, String other, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException(
                    what + " " + a.shape() + " and " + other + " " + b.shape() + " differ; give them one shape");
        }
    }

    /** A function of the mean of -log softmax(x)[label]. */
    private static Metric ofLogLoss(String name, DoubleUnaryOperator figure) {
        return new FunctionMetric(name, false, true, figure, (output, target) -> {
            long labels = Labels.several(name, output, target).size();
            return new Sum(
                    labels == 0 ? 0 : (double) output.crossEntropy(target).item() * labels, labels);
        });
    }
}
