package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Losses, of which graphs for training are made. */
final class Losses {
    private Losses() {}

    static void addTo(Operators to) {
        to.one("NegativeLogLikelihoodLoss", s -> likelihood(s, s.floats(0)));
        to.all("SoftmaxCrossEntropyLoss", s -> {
            Tensor p = s.floats(0).logSoftmax(1);
            return new Object[] {likelihood(s, p), Held.of(p, s.type(0))};
        });
    }

    /** Of log-probabilities [n, classes, ..] and labels [n, ..]. */
    private static Held likelihood(Step s, Tensor p) {
        int classes = p.dim(1);
        Tensor labels = s.tensor(1).to(DType.I32);
        Tensor counted = null;
        if (s.has("ignore_index")) {
            int ignored = (int) s.whole("ignore_index", -100);
            counted = labels.ne(ignored);
            labels = counted.where(labels, labels.mul(0));
        }
        Tensor each = p.gatherElements(1, labels.unsqueeze(1)).squeeze(1).neg();
        Tensor weights = weights(s.given(2) ? s.tensor(2) : null, labels, counted, classes);
        each = weights == null ? each : each.mul(weights);
        Tensor y = switch (s.text("reduction", "mean")) {
            case "none" -> each;
            case "sum" -> each.sum();
            default -> weights == null ? each.mean() : each.sum().div(weights.sum());
        };
        return Held.of(y, s.type(0));
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
