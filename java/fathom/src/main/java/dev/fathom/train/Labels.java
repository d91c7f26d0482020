package dev.fathom.train;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric.Sum;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What metrics of classes make of outputs and targets, or a sentence about what does not fit. */
final class Labels {
    /** How far from 1 the sum of probabilities may be, as for losses. */
    private static final float TOLERANCE = 1e-3f;

    private Labels() {}

    /** Whether there is one output for each target, and no dimension of classes. */
    static boolean ofOneLogit(Tensor y, Tensor t) {
        return matched(y, t) && (y.shape().rank() <= 1 || y.dim(-1) == 1);
    }

    /** Whether the shapes are equal up to a last dimension of 1. */
    private static boolean matched(Tensor y, Tensor t) {
        boolean longer = y.shape().rank() > t.shape().rank();
        Shape more = longer ? y.shape() : t.shape();
        Shape less = longer ? t.shape() : y.shape();
        int missing = more.rank() - less.rank();
        return begins(more, less, less.rank()) && (missing == 0 || missing == 1 && more.dim(-1) == 1);
    }

    private static boolean begins(Shape a, Shape b, int rank) {
        return Arrays.equals(a.toArray(), 0, rank, b.toArray(), 0, rank);
    }

    /** Whether the output is [.., classes] for labels [..]. */
    private static boolean ofLabels(Tensor y, Tensor t) {
        int rank = t.shape().rank();
        return t.dtype() == DType.I32 && y.shape().rank() == rank + 1 && begins(y.shape(), t.shape(), rank);
    }

    /** How many outputs lie on the side of the threshold that their target names. */
    static Sum binary(String metric, float threshold, Tensor y, Tensor t) {
        if (!matched(y, t)) {
            throw new IllegalArgumentException(metric + ": output " + y.shape() + " and target " + t.shape()
                    + " differ; give one target for each output");
        }
        if (t.size() == 0) {
            return new Sum(0, 0);
        }
        Tensor truth = t.to(DType.F32);
        float least = truth.min().item();
        float most = truth.max().item();
        boolean whole = t.dtype() == DType.I32;
        if (!(least >= 0 && most <= 1)) {
            String bad = number(least >= 0 ? most : least, whole);
            throw new IllegalArgumentException(metric + ": the target " + bad + " belongs to an output " + y.shape()
                    + " of one logit, which tells two classes apart; give targets 0 and 1, or a net with a"
                    + " logit for each class");
        }
        Tensor says = y.gt(threshold);
        Tensor is = truth.gt(0.5f).reshape(y.shape().toArray());
        return Sum.of(says.eq(is));
    }

    private static String number(float value, boolean whole) {
        return whole ? Integer.toString((int) value) : Float.toString(value);
    }

    /** The labels [..] of logits [.., classes] of at least two classes. */
    static Tensor several(String metric, Tensor y, Tensor t) {
        if (ofOneLogit(y, t) || y.shape().rank() > 0 && y.dim(-1) == 1) {
            throw new IllegalArgumentException(metric + ": output " + y.shape() + " and target " + t.shape()
                    + " have one logit for each label, but this metric needs a logit for each of at least 2 classes;"
                    + " give the net two outputs, or measure Metric.accuracy()");
        }
        return classes(metric, y, t);
    }

    /** The labels [..] of logits [.., classes], which are given as they are or as probabilities [.., classes]. */
    static Tensor classes(String metric, Tensor y, Tensor t) {
        Shape shape = y.shape();
        if (t.dtype() == DType.F32) {
            if (!shape.equals(t.shape()) || shape.rank() == 0) {
                throw disagree(metric, y, t);
            }
            if (t.size() > 0) {
                Tensor off = t.sum(-1).sub(1).abs();
                if (!(t.min().item() >= 0 && off.max().item() <= TOLERANCE)) {
                    throw new IllegalArgumentException(metric + ": a row of the target " + t.shape()
                            + " is no distribution over classes, whose probabilities are 0 or more and sum to 1;"
                            + " for columns of zeros and ones use Metric.binaryAccuracy()");
                }
            }
            return t.argmax(-1);
        }
        if (!ofLabels(y, t)) {
            throw disagree(metric, y, t);
        }
        int classes = y.dim(-1);
        int[] labels = t.toIntArray();
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException(metric + ": label " + labels[i] + " at " + i + " is outside [0, "
                        + classes + "), the classes of the output " + shape
                        + "; leave out labels that do not count with ignoreIndex(" + labels[i] + ")");
            }
        }
        return t;
    }

    private static IllegalArgumentException disagree(String metric, Tensor y, Tensor t) {
        return new IllegalArgumentException(metric + ": output " + y.shape() + " and target " + t.dtype() + " "
                + t.shape()
                + " disagree; give logits [.., classes] with I32 labels [..] or F32 probabilities [.., classes],"
                + " or one logit for each label 0 or 1");
    }

    /** The logits [.., classes] of scores [.., classes - 1], where that of the last class is 0. */
    static Tensor withBaseline(Tensor scores) {
        Shape shape = scores.shape();
        Shape column = shape.with(shape.rank() - 1, 1);
        return Tensor.concat(-1, scores, Tensor.zeros(column.toArray()));
    }

    /**
     * Outputs and targets of some labels.
     *
     * @param output [n, classes]
     * @param target [n]
     */
    record Kept(Tensor output, Tensor target) {}

    /**
     * The rows [n, classes] and labels [n] of those that are not {@code ignored}, which are left alone if that is
     * nowhere.
     */
    static Kept without(String op, int ignored, Tensor y, Tensor t) {
        if (!ofLabels(y, t)) {
            throw new IllegalArgumentException(op + ": ignoreIndex=" + ignored + " needs logits [.., classes] with I32"
                    + " labels [..], but the output is " + y.shape() + " and the target " + t.dtype() + " "
                    + t.shape());
        }
        int[] labels = t.toIntArray();
        int[] rows = IntStream.range(0, labels.length)
                .filter(i -> labels[i] != ignored)
                .toArray();
        if (rows.length == labels.length) {
            return new Kept(y, t);
        }
        Tensor index = Tensor.ofInts(rows, rows.length);
        return new Kept(
                y.reshape(labels.length, y.dim(-1)).take(0, index),
                t.reshape(labels.length).take(0, index));
    }
}
