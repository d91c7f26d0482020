package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.WindowedOp;

/**
 * Every {@code step}-th place of a dimension from {@code from} to {@code to - 1}: a view of neighbors of the leading
 * one, else a copy.
 */
public record SliceOp(int axis, int from, int to, int step) implements MoveOp, WindowedOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (step < 1) {
            throw c.fail("step=" + step + " is how far apart the places are; give 1 or more");
        }
        if (from < 0 || from > to || to > x.dim(axis)) {
            throw c.fail("places " + from + " to " + to + " are outside x " + x + ": x.dim(" + axis + ")=" + x.dim(axis)
                    + "; choose 0 <= from <= to <= dim(" + axis + ")");
        }
        return x.with(axis, to == from ? 0 : (to - from - 1) / step + 1);
    }

    @Override
    public Span span(int at, int before, int after) {
        return at + 1 == axis ? new Span(from, 1, step) : Span.SAME;
    }

    private boolean isView() {
        return axis == 0 && step == 1;
    }

    @Override
    public long view(Call c) {
        return isView() ? c.dtype(0).bytes() * (from * inner(c.shape(0))) : -1;
    }

    @Override
    public void forward(Call c) {
        if (!isView()) {
            move(c, c.in(0), c.out(0), false);
        }
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        g.clear(0, dx);
        move(g, dx, dy, true);
    }

    /** The places of x to y, or back: y added to them. */
    private void move(Call c, long x, long y, boolean back) {
        Shape shape = c.shape(0);
        long places = c.outShape(0).dim(axis);
        long inner = inner(shape);
        long cols = step == 1 ? places * inner : inner; // neighbors move as one
        long ox = shape.dim(axis) * inner;
        long oy = places * inner;
        long first = x + c.dtype(0).bytes() * (from * inner);
        ConcatOp.copyRows(
                c,
                back ? y : first,
                back ? oy : ox,
                back ? inner : step * inner,
                back ? first : y,
                back ? ox : oy,
                back ? step * inner : inner,
                shape.size(0, axis),
                step == 1 ? 1 : places,
                cols,
                back);
    }

    /** The elements of one place. */
    private long inner(Shape x) {
        return x.size(axis + 1, x.rank());
    }
}
