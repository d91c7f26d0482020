package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.tensor.Call;
import dev.fathom.tensor.Op;
import dev.fathom.tensor.Shape;

/** y [n, ..] = x [1, ..] n times, of four-byte elements. */
enum Repeat implements Op {
    ROW;

    private static final int WORDS = 1;

    @Override
    public String label() {
        return "repeat";
    }

    @Override
    public Shape shape(Call c, int output) {
        return c.outShape(output);
    }

    @Override
    public void forward(Call c) {
        int n = c.outShape(0).dim(0);
        long index = c.scratch(4L * n);
        c.begin(Kernel.FILL).at(index).put(n).put(0f).run();
        c.begin(Kernel.GATHER)
                .put(WORDS)
                .at(c.in(0))
                .put(1)
                .at(index)
                .at(c.out(0))
                .put(1)
                .put(n)
                .put(c.shape(0).size())
                .put(0)
                .put(1)
                .run();
    }
}
