package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/** y [.., n, block] = x [.., 1, block] as often as y has room for it, of four-byte elements. */
record Repeat(Shape to) implements Op {
    @Override
    public Shape shape(Call c, int output) {
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
