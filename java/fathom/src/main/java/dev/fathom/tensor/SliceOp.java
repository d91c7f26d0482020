package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Rows {@code from} to {@code to - 1} of the leading dimension: a view. */
record SliceOp(int from, int to) implements Op {
    @Override
    public String label() {
        return "slice";
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (x.rank() == 0 || from < 0 || from > to || to > x.dim(0)) {
            throw c.fail("rows " + from + " to " + to + " are outside x " + x + ": x.dim(0)="
                    + (x.rank() == 0 ? "none" : x.dim(0)) + "; choose 0 <= from <= to <= dim(0)");
        }
        int[] dims = Arrays.copyOf(x.toArray(), x.rank());
        dims[0] = to - from;
        return Shape.of(dims);
    }

    @Override
    public @Nullable DType takes(int i) {
        return null;
    }

    @Override
    public DType dtype(Call c, int output) {
        return c.dtype(0);
    }

    @Override
    public long view(Call c) {
        Shape x = c.shape(0);
        return (long) c.dtype(0).bytes() * from * x.size(1, x.rank());
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {}

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long dy = g.dout(0);
        long dx = g.din(0);
        if (!g.adds()) {
            g.begin(Kernel.FILL).at(dx).put(x.size()).put(0f).run();
        }
        g.begin(Kernel.ACCUMULATE)
                .at(dy)
                .at(dx + view(g))
                .put(g.outShape(0).size())
                .run();
    }
}
