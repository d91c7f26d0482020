package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/** y [index] = x, at the place along a dimension that each element of the I32 index names, of which -1 is the last. */
public record GatherElementsOp(int axis) implements IndexedOp {
    @Override
    public Shape shape(Call c, int output) {
        MoveOp.words(c);
        ScatterOp.checkElements(c, c.shape(0), c.shape(1), axis);
        return c.shape(1);
    }

    @Override
    public void forward(Call c) {
        ScatterOp.run(c, Kernel.JOIN_READ, c.out(0), c.in(1), c.in(0), c.shape(0), c.shape(1), axis, true);
    }

    @Override
    public void backward(Grad g) {
        long index = g.in(1);
        long dy = g.dout(0);
        long dx = g.din(0);
        g.clear(0, dx);
        ScatterOp.run(g, Kernel.JOIN_ADD, dy, index, dx, g.shape(0), g.shape(1), axis, true);
    }

    @Override
    public String refusal(KernelException e) {
        return IndexedOp.outside(e);
    }
}
