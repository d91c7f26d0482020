package dev.fathom.train;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleBiFunction;

/** A figure that is a mean over examples, or a function of such a mean. */
public interface Metric {
    /** Returns its name in the history, such as {@code accuracy}. */
    String name();

    /** Returns the sum of the figure over the examples of one batch. */
    double sum(Tensor output, Tensor target);

    /** Returns the figure, from the mean over all examples of what {@link #sum} adds up: the mean itself, unless a metric says otherwise. */
    default double figure(double mean) {
        return mean;
    }

    /** Returns whether a larger value is better, as for an accuracy, or worse, as for an error. This decides which epoch is the best. */
    boolean moreIsBetter();

    /**
     * Makes a metric whose larger values are better, such as an accuracy.
     *
     * @param name its name in the history
     * @param sum its sum over the examples of one batch, from output and target
     */
    static Metric higherIsBetter(String name, ToDoubleBiFunction<Tensor, Tensor> sum) {
        return of(name, true, sum);
    }

    /**
     * Makes a metric whose smaller values are better, such as an error.
     *
     * @param name its name in the history
     * @param sum its sum over the examples of one batch, from output and target
     */
    static Metric lowerIsBetter(String name, ToDoubleBiFunction<Tensor, Tensor> sum) {
        return of(name, false, sum);
    }

    private static Metric of(String name, boolean moreIsBetter, ToDoubleBiFunction<Tensor, Tensor> sum) {
        return new Metric() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double sum(Tensor output, Tensor target) {
                return sum.applyAsDouble(output, target);
            }

            @Override
            public boolean moreIsBetter() {
                return moreIsBetter;
            }
        };
    }

    /** Returns the share of rows whose largest logit is that of the label, or of the most probable class if labels were mixed. */
    static Metric accuracy() {
        return higherIsBetter(
                "accuracy",
                (output, target) -> output.correct(target.dtype() == DType.F32 ? target.argmax(-1) : target)
                        .item());
    }

    /**
     * Returns the perplexity of logits [n, .., classes] on I32 labels [n, ..]: exp of the mean of -log softmax(x)[label] over all labels, which is the
     * number of classes of a model that knows nothing, and 1 for one that knows everything. Every label counts, so give batches of one length, without
     * padding.
     */
    static Metric perplexity() {
        return ofLogLoss("perplexity", Math::exp);
    }

    /**
     * Returns the bits per character of logits [n, .., characters] on the I32 characters [n, ..] that actually followed: the mean of -log2 softmax(x)[character], which is
     * what a compressor that knows the model would need for each. It is log2 of the {@link #perplexity}; for bytes it is called bits per byte. Every
     * character counts, so give batches of one length, without padding.
     */
    static Metric bitsPerCharacter() {
        return ofLogLoss("bits_per_character", mean -> mean / Math.log(2));
    }

    /**
     * Returns {@code top5_accuracy} for k = 5: the share of rows whose label, or most probable class if labels were mixed, is among the {@code k} largest of
     * the logits [n, classes]. Of equal logits the lower class comes first.
     *
     * @throws IllegalArgumentException if {@code k < 1}; in training, if k is more than the number of classes
     */
    static Metric topAccuracy(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("topAccuracy: k=" + k + " must be at least 1");
        }
        return higherIsBetter("top" + k + "_accuracy", (output, target) -> {
            int[] best = output.topk(-1, k).indices().toIntArray();
            int[] labels = (target.dtype() == DType.F32 ? target.argmax(-1) : target).toIntArray();
            int hits = 0;
            for (int i = 0; i < best.length; i++) {
                hits += best[i] == labels[i / k] ? 1 : 0;
            }
            return hits;
        });
    }

    /**
     * Returns {@code brier}, the mean of sum_k (p[k] - [label = k])^2 with p = softmax of the logits [n, classes], on labels [n] or probabilities
     * [n, classes] (Brier 1950).
     */
    static Metric brier() {
        return lowerIsBetter("brier", (output, target) -> {
            Tensor truth = target.dtype() == DType.F32 ? target : target.oneHot(output.dim(-1));
            return output.softmax(-1).sub(truth).square().sum().item();
        });
    }

    /** Returns {@code mae}, the mean absolute error over all elements of outputs and targets of one shape. */
    static Metric meanAbsoluteError() {
        return lowerIsBetter(
                "mae", (output, target) -> perExample(output.sub(target).abs()));
    }

    /** Returns {@code rmse}, the root of the mean squared error over all elements of outputs and targets of one shape. */
    static Metric rootMeanSquaredError() {
        return of(
                "rmse",
                Math::sqrt,
                (output, target) -> perExample(output.sub(target).square()));
    }

    /**
     * Returns {@code mape}, the mean absolute percentage error as a share: the mean of |output - target| / |target| over all elements of outputs and targets of
     * one shape. It is infinite or NaN if a target is 0.
     */
    static Metric meanAbsolutePercentageError() {
        return lowerIsBetter(
                "mape",
                (output, target) -> perExample(output.sub(target).div(target).abs()));
    }

    /** The sum over examples of the mean over what each of them has. */
    private static double perExample(Tensor values) {
        return (double) values.mean().item() * values.dim(0);
    }

    /** A function of the mean of -log softmax(x)[label]. */
    private static Metric ofLogLoss(String name, DoubleUnaryOperator figure) {
        return of(
                name,
                figure,
                (output, target) -> (double) output.crossEntropy(target).item() * target.dim(0));
    }

    /** A function of a mean, of which less is better. */
    private static Metric of(String name, DoubleUnaryOperator figure, ToDoubleBiFunction<Tensor, Tensor> sum) {
        return new Metric() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double sum(Tensor output, Tensor target) {
                return sum.applyAsDouble(output, target);
            }

            @Override
            public double figure(double mean) {
                return figure.applyAsDouble(mean);
            }

            @Override
            public boolean moreIsBetter() {
                return false;
            }
        };
    }
}
