package dev.fathom.nn;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/** The target that a loss's formula reads, made of the one that was given, which must fit the output. */
@FunctionalInterface
interface Targets {
    /** The target, or a sentence about what does not fit. */
    Tensor of(String loss, Tensor output, Tensor target);

    /** Class numbers [..] for scores [.., classes], as [.., classes], 1 at each class. */
    Targets LABELS = (loss, y, t) -> {
        mustBeLabels(loss, y, t);
        return t.oneHot(y.dim(-1));
    };

    /** Probabilities [.., classes] for an output of that shape. */
    Targets PROBABILITIES = (loss, y, t) -> {
        mustMatch(loss, y, t);
        mustHaveRows(loss, y);
        Domain.probabilities(loss, t);
        return t;
    };

    /** Class numbers or probabilities. */
    Targets CLASSES = (loss, y, t) -> (t.dtype() == DType.I32 ? LABELS : PROBABILITIES).of(loss, y, t);

    /** Rows [.., n] of numbers for an output of that shape. */
    Targets ROWS = (loss, y, t) -> {
        mustHaveRows(loss, y);
        return elements(Domain.NUMBERS).of(loss, y, t);
    };

    /** Numbers [.., k] for outputs [.., 2 k], which say two things about each. */
    Targets HALVES = (loss, y, t) -> {
        Shape shape = y.shape();
        if (shape.rank() == 0
                || shape.rank() != t.shape().rank()
                || !shape.equals(t.shape().with(shape.rank() - 1, 2 * t.dim(-1)))) {
            throw new IllegalArgumentException(loss + ": output " + shape + " and target " + t.shape()
                    + " disagree; the output's last dimension must be twice that of the target, first the"
                    + " means and then the variances");
        }
        Domain.NUMBERS.check(loss, "target", t);
        return t;
    };

    /**
     * A number for each element of the output. Broadcasting [n, 1] against [n] would quietly take the mean over all n n
     * pairs.
     */
    static Targets elements(Domain domain) {
        return (loss, y, t) -> {
            mustMatch(loss, y, t);
            domain.check(loss, "target", t);
            return t;
        };
    }

    /** A number [..] for each pair of embeddings [.., 2, d]. */
    static Targets pairs(Domain domain) {
        return (loss, y, t) -> {
            Shape shape = y.shape();
            boolean fits = shape.rank() >= 2
                    && shape.dim(-2) == 2
                    && shape.rank() - 2 == t.shape().rank();
            for (int i = 0; fits && i < t.shape().rank(); i++) {
                fits = shape.dim(i) == t.dim(i);
            }
            if (!fits) {
                throw new IllegalArgumentException(loss + ": output " + shape + " and target " + t.shape()
                        + " disagree; give pairs of embeddings [.., 2, d], as Tensor.stack(-2, a, b) makes"
                        + " them, and a target [..]");
            }
            domain.check(loss, "target", t);
            return t;
        };
    }

    static void mustMatch(String loss, Tensor y, Tensor t) {
        if (!y.shape().equals(t.shape())) {
            throw new IllegalArgumentException(loss + ": output " + y.shape() + " and target " + t.shape() + " differ; "
                    + (t.dtype() == DType.I32
                            ? "this loss takes a float for each output, so give the labels as floats " + y.shape()
                                    + ", or take a loss of class numbers, such as crossEntropy, and an output for each"
                                    + " class"
                            : y.size() == t.size()
                                    ? "reshape the target to " + y.shape()
                                    : "give each output its target"));
        }
    }

    /** Refuses what is no row of at least one element. */
    static void mustHaveRows(String loss, Tensor y) {
        if (y.shape().rank() == 0 || y.dim(-1) == 0) {
            throw new IllegalArgumentException(
                    loss + ": output " + y.shape() + " has no rows; give [.., n] with n of 1 or more");
        }
    }

    static void mustBeLabels(String loss, Tensor y, Tensor t) {
        Shape shape = y.shape();
        if (t.dtype() != DType.I32) {
            throw new IllegalArgumentException(loss + ": the target " + t.shape() + " is " + t.dtype()
                    + " but must be I32 class numbers; make them with Tensor.ofInts, or convert them with"
                    + " to(DType.I32)");
        }
        boolean fits = shape.rank() == t.shape().rank() + 1;
        for (int i = 0; fits && i < t.shape().rank(); i++) {
            fits = shape.dim(i) == t.dim(i);
        }
        if (!fits) {
            throw new IllegalArgumentException(loss + ": output " + shape + " and labels " + t.shape()
                    + " disagree; give one class number for each row [.., classes]");
        }
        mustHaveRows(loss, y);
    }
}
