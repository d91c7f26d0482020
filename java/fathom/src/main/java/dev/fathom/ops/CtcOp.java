package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/**
 * loss [n] = -log of the sum, over all alignments of the labels with the steps, of the products of softmax(x) (Graves
 * et al. 2006). Inputs: logits x [n, steps, classes], labels I32 [n, length], lengths I32 [n] of the steps or none,
 * lengths I32 [n] of the labels or none. A second result is the gradient of each loss by its logits, which forward has
 * at hand.
 */
public record CtcOp(int blank) implements SavingOp {
    @Override
    public String label() {
        return "ctc_loss";
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.F32 : DType.I32;
    }

    @Override
    public boolean optional(int i) {
        return i >= 2;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape targets = c.shape(1);
        if (x.rank() != 3) {
            throw c.fail("logits " + x + " have " + x.rank() + " dimensions; give [n, steps, classes]");
        }
        if (targets.rank() != 2 || targets.dim(0) != x.dim(0)) {
            throw c.fail("logits " + x + " and targets " + targets + " disagree: give targets [" + x.dim(0)
                    + ", length], the labels of each example, padded to one length");
        }
        if (blank < 0 || blank >= x.dim(2)) {
            throw c.fail("logits " + x + " have " + x.dim(2) + " classes but blank=" + blank
                    + " is the class between labels; choose one of them");
        }
        if (c.has(2)) {
            BagOp.checkLengths(c, "logits", x, "lengths", c.shape(2));
        }
        if (c.has(3)) {
            BagOp.checkLengths(c, "targets", targets, "target lengths", c.shape(3));
        }
        return output == 0 ? Shape.of(x.dim(0)) : x;
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        c.begin(Kernel.CTC).at(c.in(0), c.in(1), c.in(2), c.in(3), c.out(1), c.out(0));
        c.put(x.dim(0), x.dim(1), x.dim(2), c.shape(1).dim(1), blank).run();
    }

    /** Each example's gradient times that of its loss. */
    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long gradient = g.out(1);
        long dloss = g.dout(0);
        long dx = g.din(0);
        g.begin(Kernel.BINARY_GRAD).put(Binary.MUL.ordinal(), 0).at(0, dloss, 0, gradient, dx);
        Broadcast.put(g, x, x, Shape.of(x.dim(0), 1, 1));
        g.put(0f).put(0f).put(g.adds() ? 1 : 0).run();
    }
}
