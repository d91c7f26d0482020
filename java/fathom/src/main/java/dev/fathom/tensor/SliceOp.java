package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;

/** Places {@code from} to {@code to - 1} of a dimension: a view of the leading one, a copy of others. */
record SliceOp(int axis, int from, int to) implements MoveOp {
    @Override
    public String label() {
        return "slice";
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (x.rank() == 0 || from < 0 || from > to || to > x.dim(axis)) {
            throw c.fail((axis == 0 ? "rows " : "places ") + from + " to " + to + " are outside x " + x + ": x.dim("
                    + axis + ")=" + (x.rank() == 0 ? "none" : x.dim(axis)) + "; choose 0 <= from <= to <= dim(" + axis
                    + ")");
        }
        if (axis > 0) {
            MoveOp.words(c, 1);
        }
        return x.with(axis, to - from);
    }

    @Override
    public long view(Call c) {
        return axis == 0 ? c.dtype(0).bytes() * first(c.shape(0)) : -1;
    }

    @Override
    public void forward(Call c) {
        if (axis > 0) {
            Shape x = c.shape(0);
            Shape y = c.outShape(0);
            ConcatOp.copyRows(c, c.in(0) + 4 * first(x), row(x), c.out(0), row(y), x.size(0, axis), row(y), false);
        }
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        Shape y = g.outShape(0);
        long dy = g.dout(0);
        long dx = g.din(0);
        if (!g.adds()) {
            g.begin(Kernel.FILL).at(dx).put(x.size()).put(0f).run();
        }
        ConcatOp.copyRows(g, dy, row(y), dx + 4 * first(x), row(x), x.size(0, axis), row(y), true);
    }

    /** The elements from dimension {@code axis} on. */
    private long row(Shape s) {
        return s.size(axis, s.rank());
    }

    /** The element of a row of x where y begins. */
    private long first(Shape x) {
        return from * x.size(axis + 1, x.rank());
    }
}
