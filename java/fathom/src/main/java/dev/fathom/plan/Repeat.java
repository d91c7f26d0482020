package dev.fathom.plan;

import dev.fathom.op.Call;
import dev.fathom.op.Shape;
import dev.fathom.ops.ConcatOp;
import dev.fathom.ops.MoveOp;

/** y [.., n rows, row] = x [.., rows, row] n times, and as often along the dimensions before. */
record Repeat(Shape to) implements MoveOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        for (int d = 0; d < to.rank(); d++) {
            if (to.dim(d) % x.dim(d) != 0) {
                throw c.fail("x " + x + " does not fill " + to + " a whole number of times; choose other sizes");
            }
        }
        return to;
    }

    @Override
    public void forward(Call c) {
        long block = c.shape(0).size();
        ConcatOp.copyRows(c, c.in(0), 0, c.out(0), block, to.size() / block, block, false);
    }
}
