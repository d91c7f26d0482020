package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import java.util.function.Function;

/**
 * loss = sum over rows and classes of -q log softmax(x) / sum over rows of w[label], with logits x [.., classes],
 * labels [..], and, where there is a third input, weights w [classes], else w = 1: q = (1 - smoothing) w[label] at the
 * label plus smoothing / classes w everywhere. Softmax and cross-entropy in one, whose gradient is (softmax(x) sum q -
 * q) / sum w[label]. A second result keeps the probabilities for it.
 */
public record CrossEntropyOp(float smoothing) implements SavingOp {
    @Override
    public DType takes(int i) {
        return i == 1 ? DType.I32 : DType.F32;
    }

    @Override
    public boolean optional(int i) {
        return i == 2;
    }

    @Override
    public Shape shape(Call c, int output) {
        checkRows(c);
        if (c.has(2)) {
            checkWeights(c::fail, c.shape(0), c.shape(2));
        }
        return output == 0 ? Shape.SCALAR : c.shape(0);
    }

    /** One weight for each class. */
    public static void checkWeights(Function<String, IllegalArgumentException> fail, Shape x, Shape weights) {
        if (weights.rank() != 1 || weights.dim(0) != x.dim(-1)) {
            throw fail.apply("logits " + x + " and weights " + weights + " disagree: logits.dim(" + (x.rank() - 1)
                    + ")=" + x.dim(-1) + " but there are " + weights.size() + " weights; give one weight a class");
        }
    }

    /** Logits [.., classes] and labels [..], at least one of each. */
    public static void checkRows(Call c) {
        Shape x = c.shape(0);
        Shape labels = c.shape(1);
        if (x.rank() == 0 || x.rank() - 1 != labels.rank()) {
            throw c.fail("logits " + x + " and labels " + labels + " disagree: labels have " + labels.rank()
                    + " dimensions but " + Math.max(0, x.rank() - 1) + " are needed; give one class number a row");
        }
        for (int i = 0; i < labels.rank(); i++) {
            if (x.dim(i) != labels.dim(i)) {
                throw c.fail("logits " + x + " and labels " + labels + " disagree: logits.dim(" + i + ")=" + x.dim(i)
                        + " but labels.dim(" + i + ")=" + labels.dim(i) + "; give one class number a row");
            }
        }
        if (x.size() == 0) {
            throw c.fail("logits " + x + " are empty; a mean needs at least one row and one class");
        }
    }

    @Override
    public boolean readsInput(int i) {
        return i > 0;
    }

    @Override
    public void forward(Call c) {
        long rows = c.shape(1).size();
        long rowLoss = c.scratch(Float.BYTES * rows);
        c.begin(Kernel.CROSS_ENTROPY).at(c.in(0), c.in(1), c.in(2), c.out(1), rowLoss, c.out(0));
        c.put(rows, c.shape(0).dim(-1)).put(smoothing).run();
    }

    @Override
    public void backward(Grad g) {
        long probs = g.out(1);
        long labels = g.in(1);
        long weights = g.in(2);
        long dloss = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.CROSS_ENTROPY_GRAD).at(probs, labels, weights, dloss, dx);
        g.put(g.shape(1).size(), g.shape(0).dim(-1))
                .put(smoothing)
                .put(g.adds() ? 1 : 0)
                .run();
    }
}
