package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Shape;
import dev.fathom.ops.MoveOp;

/** y [.., n rows, row] = x [.., rows, row] n times, and as often along the dimensions before, of four-byte elements. */
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
        long n = to.size() / c.shape(0).size();
        long index = c.scratch(4 * n);
        c.fill(index, n);
        c.begin(Kernel.GATHER)
                .put(Kernel.GATHER_WORDS)
                .at(c.in(0))
                .put(1)
                .at(index)
                .put(0)
                .at(c.out(0));
        c.put(1, n, c.shape(0).size()).at(0).put(1).run();
    }
}
