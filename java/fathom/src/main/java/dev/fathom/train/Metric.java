package dev.fathom.train;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.function.ToDoubleBiFunction;

/** A figure that is a mean over examples. */
public interface Metric {
    /** Its name in the history, such as {@code accuracy}. */
    String name();

    /** Its sum over the examples of one batch. */
    double sum(Tensor output, Tensor target);

    /** Whether a larger value is a better one, as of an accuracy; false for an error. It decides which epoch is the best. */
    boolean moreIsBetter();

    /**
     * A metric from a function.
     *
     * @param name its name in the history
     * @param moreIsBetter whether a larger value is a better one
     * @param sum its sum over the examples of one batch, from output and target
     */
    static Metric of(String name, boolean moreIsBetter, ToDoubleBiFunction<Tensor, Tensor> sum) {
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

    /** The share of rows whose largest logit is at the label, or where labels were mixed at the most probable class. */
    static Metric accuracy() {
        return of(
                "accuracy",
                true,
                (output, target) -> output.correct(target.dtype() == DType.F32 ? target.argmax(-1) : target)
                        .item());
    }
}
