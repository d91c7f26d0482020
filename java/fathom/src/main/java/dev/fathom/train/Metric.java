package dev.fathom.train;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.function.ToDoubleBiFunction;

/** A figure that is a mean over examples. */
public interface Metric {
    /** Returns its name in the history, such as {@code accuracy}. */
    String name();

    /** Returns the sum of the figure over the examples of one batch. */
    double sum(Tensor output, Tensor target);

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
}
