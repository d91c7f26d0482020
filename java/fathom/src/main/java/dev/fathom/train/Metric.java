package dev.fathom.train;

import dev.fathom.tensor.DType;
import dev.fathom.tensor.Tensor;

/** A figure that is a mean over examples. */
public interface Metric {
    /** Its name in the history, such as {@code accuracy}. */
    String name();

    /** Its sum over the examples of one batch. */
    double sum(Tensor output, Tensor target);

    /** Whether it is the better the larger; true where the name ends in {@code accuracy}. Asked when epochs are compared. */
    default boolean larger() {
        return name().endsWith("accuracy");
    }

    /** The share of rows whose largest logit is at the label, or where labels were mixed at the most probable class. */
    static Metric accuracy() {
        return new Metric() {
            @Override
            public String name() {
                return "accuracy";
            }

            @Override
            public double sum(Tensor output, Tensor target) {
                return output.correct(target.dtype() == DType.F32 ? target.argmax(-1) : target)
                        .item();
            }
        };
    }
}
