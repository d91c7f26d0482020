package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y = exp(x) / sum exp(x), or its logarithm, along one dimension; shifted by the maximum, so that large logits stay
 * finite.
 */
public record SoftmaxOp(int axis, boolean log) implements Op {
    @Override
    public String label() {
        return log ? "log_softmax" : "softmax";
    }

    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public void forward(Call c) {
        dims(c.begin(Kernel.SOFTMAX).put(log ? 1 : 0).at(c.in(0), c.out(0)), c.shape(0))
                .run();
    }

    @Override
    public void backward(Grad g) {
        long y = g.out(0);
        long dy = g.dout(0);
        long dx = g.din(0);
        dims(g.begin(Kernel.SOFTMAX_GRAD).put(log ? 1 : 0).at(y, dy, dx), g.shape(0));
        g.put(g.adds() ? 1 : 0).run();
    }

    private Call dims(Call c, Shape s) {
        return c.put(s.size(0, axis), s.dim(axis), s.size(axis + 1, s.rank()));
    }
}
