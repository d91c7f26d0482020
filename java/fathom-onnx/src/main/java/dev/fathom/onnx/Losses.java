package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Losses, of which graphs for training are made. */
final class Losses {
    private Losses() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "NegativeLogLikelihoodLoss" -> Operator.one(s -> likelihood(s, scores(s)));
            case "SoftmaxCrossEntropyLoss" ->
                new Operator(s -> {
                    Tensor p = scores(s).logSoftmax(1);
                    return new Object[] {likelihood(s, p), shaped(p, s.type(0), s.dims(0))};
                });
            default -> null;
        };
    }

    /** Scores [n, classes, ..] as [n, classes, rest], so that any number of dimensions is taken. */
    private static Tensor scores(Step s) {
        int[] dims = s.dims(0);
        return flat(s, 0, dims[0], dims[1], Shapes.product(dims, 2, dims.length))
                .to(DType.F32);
    }

    private static Tensor flat(Step s, int i, int... dims) {
        return s.known(i) ? s.array(i).reshaped(dims).tensor() : s.tensor(i).reshape(dims);
    }

    private static Object shaped(Tensor t, ElementType type, int... dims) {
        return dims.length > Shape.MAX_RANK
                ? Array.read(Held.of(t, type)).reshaped(dims)
                : Held.of(t.reshape(dims), type);
    }

    /** Of log-probabilities [n, classes, rest] and labels [n, ..]. */
    private static Object likelihood(Step s, Tensor p) {
        int classes = p.dim(1);
        Tensor labels = flat(s, 1, p.dim(0), p.dim(2)).to(DType.I32);
        Tensor counted = null;
        if (s.has("ignore_index")) {
            int ignored = (int) s.whole("ignore_index", -100);
            counted = labels.ne(ignored);
            labels = counted.where(labels, labels.mul(0));
        }
        Tensor each = p.gatherElements(1, labels.unsqueeze(1)).squeeze(1).neg();
        Tensor weights = weights(s.given(2) ? s.tensor(2) : null, labels, counted, classes);
        each = weights == null ? each : each.mul(weights);
        return switch (s.text("reduction", "mean")) {
            case "none" -> shaped(each, s.type(0), s.dims(1));
            case "sum" -> Held.of(each.sum(), s.type(0));
            default -> Held.of(weights == null ? each.mean() : each.sum().div(weights.sum()), s.type(0));
        };
    }

    private static @Nullable Tensor weights(
            @Nullable Tensor ofClasses, Tensor labels, @Nullable Tensor counted, int classes) {
        if (ofClasses == null) {
            return counted;
        }
        Tensor w = ofClasses.reshape(classes).take(0, labels);
        return counted == null ? w : w.mul(counted);
    }
}
