package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/** What normalizing and dropping layers share. */
final class Norms {
    private Norms() {}

    /** A weight that begins at 1. */
    static Parameter ones(String layer, int... dims) {
        for (int d : dims) {
            Checks.atLeast(layer, "size", d, 1);
        }
        if (dims.length == 0) {
            throw new IllegalArgumentException(layer + ": no dimensions to normalize; give the last ones of x");
        }
        return new Parameter(Shape.of(dims), Init.constant(1));
    }

    /**
     * In training x times a number for all places of x [batch, .., {@code kept} dimensions]: 0 with probability p, else
     * 1 / (1 - p).
     */
    static Tensor drop(String layer, Tensor x, float p, int kept) {
        int[] dims = x.shape().toArray();
        if (dims.length < 1 + kept) {
            throw new IllegalArgumentException(layer + Where.running() + ": x " + x.shape()
                    + " has too few dimensions; give [batch, ..]" + (kept == 0 ? "" : " with the channels last"));
        }
        if (p == 0 || !Pass.current().training()) {
            return x;
        }
        Arrays.fill(dims, 1, dims.length - kept, 1);
        return x.mul(Tensor.ones(dims).dropout(p, 1 / (1 - p)));
    }
}
