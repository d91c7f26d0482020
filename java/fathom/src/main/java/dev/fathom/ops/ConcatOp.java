package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;

/** The inputs one after the other along a dimension. */
public record ConcatOp(int axis) implements MoveOp {
    @Override
    public Shape shape(Call c, int output) {
        Shape first = c.shape(0);
        long sum = 0;
        for (int i = 0; i < c.inputs(); i++) {
            Shape x = c.shape(i);
            if (c.dtype(i) != c.dtype(0)) {
                throw c.fail("input 0 " + first + " is " + c.dtype(0) + " but input " + i + " " + x + " is "
                        + c.dtype(i) + "; convert one of them");
            }
            if (x.rank() != first.rank()) {
                throw c.fail("input 0 " + first + " and input " + i + " " + x + " disagree: they have " + first.rank()
                        + " and " + x.rank() + " dimensions; reshape one of them");
            }
            for (int d = 0; d < x.rank(); d++) {
                if (d != axis && x.dim(d) != first.dim(d)) {
                    throw c.fail("input 0 " + first + " and input " + i + " " + x + " disagree: their dim(" + d
                            + ") are " + first.dim(d) + " and " + x.dim(d) + "; only dim(" + axis + ") may differ");
                }
            }
            sum += x.dim(axis);
        }
        if (sum > Integer.MAX_VALUE) {
            throw c.fail("dim(" + axis + ") of the result would be " + sum + "; an int is the most");
        }
        return first.with(axis, (int) sum);
    }

    @Override
    public boolean joinsRows(Call c) {
        return axis == c.shape(0).rank() - 1;
    }

    @Override
    public boolean spreadsRows(Call c) {
        return joinsRows(c);
    }

    /** Copies those inputs that have not been written into the result. */
    @Override
    public void forward(Call c) {
        Shape y = c.outShape(0);
        long yRow = joinsRows(c) ? c.outRow() : row(y);
        long to = c.out(0);
        for (int i = 0; i < c.inputs(); i++) {
            long row = row(c.shape(i));
            if (c.in(i) != to) {
                copyRows(c, c.in(i), row, to, yRow, y.size(0, axis), row, false);
            }
            to += c.dtype(0).bytes() * row;
        }
    }

    @Override
    public void backward(Grad g) {
        Shape y = g.outShape(0);
        long dy = g.dout(0);
        long at = 0;
        for (int i = 0; i < g.inputs(); i++) {
            long row = row(g.shape(i));
            if (g.wants(i)) {
                long dx = g.din(i);
                copyRows(g, dy + 4 * at, row(y), dx, row, y.size(0, axis), row, g.adds());
            }
            at += row;
        }
    }

    /** The elements from dimension {@code axis} on. */
    private long row(Shape s) {
        return s.size(axis, s.rank());
    }

    /** y (+)= x, {@code rows} of {@code columns} elements that begin sx and sy elements apart. */
    public static void copyRows(Call c, long x, long sx, long y, long sy, long rows, long columns, boolean add) {
        copyRows(c, x, 0, sx, y, 0, sy, 1, rows, columns, add);
    }

    /**
     * y (+)= x, elements of the type of input 0, for {@code outer} groups of rows, which begin ox and oy elements
     * apart.
     */
    public static void copyRows(
            Call c,
            long x,
            long ox,
            long sx,
            long y,
            long oy,
            long sy,
            long outer,
            long rows,
            long columns,
            boolean add) {
        c.begin(Kernel.COPY_ROWS)
                .put(c.dtype(0).bytes())
                .at(x)
                .put(ox, sx)
                .at(y)
                .put(oy, sy);
        c.put(outer, rows, columns, add ? 1 : 0).run();
    }
}
