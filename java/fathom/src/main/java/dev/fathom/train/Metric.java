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

    /** A function of the mean of -log softmax(x)[label]. */
    private static Metric ofLogLoss(String name, DoubleUnaryOperator figure) {
        return new Metric() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double sum(Tensor output, Tensor target) {
                return (double) output.crossEntropy(target).item() * target.dim(0);
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
