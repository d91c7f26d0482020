package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;


/**
 * loss = sum over rows and classes of -q log softmax(x) / sum over rows of w[label], with logits x [.., classes], labels [..], and, where
 * there is a third input, weights w [classes], else w = 1: q = (1 - smoothing) w[label] at the label plus smoothing / classes w everywhere.
 * Softmax and cross-entropy in one, whose gradient is (softmax(x) sum q - q) / sum w[label]. A second result keeps the probabilities for it.
 */
public record CrossEntropyOp(float smoothing) implements Op {
    /** The loss of logits x against labels, or against probabilities, of which other ops make it. */
    public static Tensor of(Tensor x, Tensor target, float smoothing, @Nullable Tensor weights) {
        if (!(smoothing >= 0 && smoothing <= 1)) {
            throw new IllegalArgumentException(
                    "cross_entropy" + Where.running() + ": smoothing=" + smoothing + " must be in [0, 1]");
        }
        if (weights != null && weights.needsGradient()) {
            throw new IllegalArgumentException("cross_entropy" + Where.running() + ": weights " + weights.shape()
                    + " need a gradient, which this loss has not for them; detach() them");
        }
        if (target.dtype() == DType.F32) {
            return ofProbabilities(x, target, smoothing, weights);
        }
        Op op = new CrossEntropyOp(smoothing);
        return weights == null ? Pass.call(op, x, target) : Pass.call(op, x, target, weights);
    }

    private static Tensor ofProbabilities(Tensor x, Tensor target, float smoothing, @Nullable Tensor weights) {
        Function<String, IllegalArgumentException> fail =
                message -> new IllegalArgumentException("cross_entropy" + Where.running() + ": " + message);
        Shape shape = x.shape();
        if (!shape.equals(target.shape()) || shape.rank() == 0 || shape.size() == 0) {
            throw fail.apply("logits " + shape + " and probabilities " + target.shape()
                    + " must have one shape [.., classes], and not an empty one; for class numbers use Tensor.ofInts");
        }
        Tensor q = smoothing == 0 ? target : target.mul(1 - smoothing).add(smoothing / x.dim(-1));
        if (weights != null) {
            checkWeights(fail, shape, weights.shape());
            q = q.mul(weights);
        }
        return x.logSoftmax(-1).mul(q).sum(-1).mean().neg();
    }

    @Override
    public String label() {
        return "cross_entropy";
    }

    @Override
    public int outputs() {
        return 2;
    }

    @Override
    public DType takes(int i) {
        return i == 1 ? DType.I32 : DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        checkRows(c);
        if (c.inputs() > 2) {
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
    public boolean onlyForBackward(int output) {
        return output == 1;
    }

    @Override
    public boolean readsInput(int i) {
        return i > 0;
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 1;
    }

    @Override
    public void forward(Call c) {
        long rows = c.shape(1).size();
        long rowLoss = c.scratch(Float.BYTES * rows);
        c.begin(Kernel.CROSS_ENTROPY)
                .at(c.in(0))
                .at(c.in(1))
                .at(c.inputs() > 2 ? c.in(2) : 0)
                .at(c.out(1))
                .at(rowLoss)
                .at(c.out(0))
                .put(rows)
                .put(c.shape(0).dim(-1))
                .put(smoothing)
                .run();
    }

    @Override
    public void backward(Grad g) {
        long probs = g.out(1);
        long labels = g.in(1);
        long weights = g.inputs() > 2 ? g.in(2) : 0;
        long dloss = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.CROSS_ENTROPY_GRAD)
                .at(probs)
                .at(labels)
                .at(weights)
                .at(dloss)
                .at(dx)
                .put(g.shape(1).size())
                .put(g.shape(0).dim(-1))
                .put(smoothing)
                .put(g.adds() ? 1 : 0)
                .run();
    }
}
