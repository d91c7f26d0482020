package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import java.util.function.BinaryOperator;

/**
 * The mean or the sum over all elements of a function of output and target, which have one shape.
 *
 * @param name in messages
 * @param each the function
 * @param sums whether they are summed
 */
record ElementwiseLoss(String name, BinaryOperator<Tensor> each, boolean sums) implements Loss {
    @Override
    public Tensor of(Tensor output, Tensor target) {
        mustMatch(name, output, target);
        Tensor all = each.apply(output, target);
        return sums ? all.sum() : all.mean();
    }

    /** Broadcasting [n, 1] against [n] would quietly take the mean over all n n pairs. */
    static void mustMatch(String loss, Tensor y, Tensor t) {
        if (!y.shape().equals(t.shape())) {
            throw new IllegalArgumentException(loss + ": output " + y.shape() + " and target " + t.shape()
                    + " differ; reshape one, so that each output has its target");
        }
    }
}
