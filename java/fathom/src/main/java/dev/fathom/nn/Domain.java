package dev.fathom.nn;

import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that a loss takes. A check is two or three passes over the targets, which are small beside the net's own
 * work. While a plan is traced, its inputs have no numbers yet, so shapes alone are checked there.
 */
enum Domain {
    NUMBERS("numbers", null),
    SIGNS("-1 or 1", t -> t.square().eq(1)),
    SHARES("in [0, 1]", t -> t.eq(t.clamp(0, 1))),
    NOT_NEGATIVE("0 or more and finite", t -> t.eq(t.clamp(0, Float.MAX_VALUE)));

    /**
     * How far from 1 the sum of probabilities may be, which leaves room for half precision and for thousands of
     * classes.
     */
    private static final float TOLERANCE = 1e-3f;

    private final String words;
    private final @Nullable UnaryOperator<Tensor> fits;

    Domain(String words, @Nullable UnaryOperator<Tensor> fits) {
        this.words = words;
        this.fits = fits;
    }

    /** Refuses a tensor of which an element is outside of this domain. */
    void check(String loss, String what, Tensor t) {
        if (t.dtype() != DType.F32) {
            throw new IllegalArgumentException(loss + ": the " + what + " " + t.shape() + " is " + t.dtype()
                    + " but must be F32, " + words + "; give floats");
        }
        UnaryOperator<Tensor> mask = fits;
        if (mask != null) {
            refuse(t, mask, (value, at) -> loss + ": the " + what + " " + value + at + " must be " + words);
        }
    }

    /** Refuses outputs outside of this domain, but not NaN: that a net has diverged is for the trainer to tell. */
    void checkOutput(String loss, String what, Tensor y) {
        UnaryOperator<Tensor> mask = fits;
        if (mask != null) {
            refuse(
                    y,
                    x -> mask.apply(x).max(x.ne(x)),
                    (value, at) -> loss + ": the " + what + " " + value + at + " must be " + words);
        }
    }

    /** Refuses rows [.., classes] of which one is no distribution. */
    static void probabilities(String loss, Tensor t) {
        SHARES.check(loss, "target probability", t);
        if (t.size() > 0 && !Values.traced(t)) {
            refuse(
                    Pass.noGrad(() -> t.sum(-1)),
                    sum -> sum.sub(1).abs().le(TOLERANCE),
                    (value, at) -> loss + ": the target's probabilities" + at + " sum to " + value
                            + " but must sum to 1 within " + TOLERANCE);
        }
    }

    private static void refuse(Tensor t, UnaryOperator<Tensor> fits, BinaryOperator<String> message) {
        if (t.size() == 0
                || Values.traced(t)
                || Pass.noGrad(() -> fits.apply(t).min()).item() == 1) {
            return;
        }
        int bad = Pass.noGrad(() -> fits.apply(t).argmin()).toIntArray()[0];
        String value = Float.toString(t.toArray()[bad]);
        String at =
                t.shape().rank() == 0 ? "" : " at " + Arrays.toString(t.shape().index(bad));
        throw new IllegalArgumentException(message.apply(value, at));
    }
}
