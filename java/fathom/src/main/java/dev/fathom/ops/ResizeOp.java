package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.WindowedOp;
import java.util.Arrays;

/**
 * x [n, l, c], [n, h, w, c] or [n, d, h, w, c] with other sizes between the first dimension and the last, one dimension
 * after the other, the last one first.
 *
 * @param size the new sizes
 */
public record ResizeOp(Resize mode, Shape size) implements BlindOp, WindowedOp {
    public static ResizeOp of(Resize mode, int[] size) {
        check(size); // before a Shape refuses negative ones without the op's name
        return new ResizeOp(mode, Shape.of(size));
    }

    /** Checks the sizes. */
    public ResizeOp {
        check(size.toArray());
    }

    private static void check(int... size) {
        if (size.length < 1 || size.length > 3 || Arrays.stream(size).anyMatch(n -> n < 1)) {
            throw new IllegalArgumentException("resize" + Where.running() + ": " + Arrays.toString(size)
                    + " are no sizes; give one to three of at least 1, as [h, w] for images");
        }
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        int rank = size.rank() + 2;
        if (x.rank() != rank) {
            throw c.fail("x " + x + " has " + x.rank() + " dimensions but the sizes " + size + " are those of "
                    + (rank == 3 ? "[n, l, c]" : rank == 4 ? "[n, h, w, c]" : "[n, d, h, w, c]")
                    + "; give one for each dimension between the first and the last");
        }
        int[] dims = x.toArray();
        for (int i = 1; i < rank - 1; i++) {
            if (dims[i] == 0) {
                throw c.fail("x " + x + " has dim(" + i + ")=0 and cannot be resized; give at least one element");
            }
            dims[i] = size.dim(i - 1);
        }
        return Shape.of(dims);
    }

    @Override
    public Span span(int axis, int from, int to) {
        double step = (double) from / to;
        double size = from == to ? 1 : mode == Resize.NEAREST ? 1 : mode == Resize.AREA ? Math.ceil(step) : 2;
        return new Span(step / 2 - size / 2, size, step);
    }

    /** The dimensions that change, the last first; the last one where none does. */
    private static int[] axes(Shape x, Shape y) {
        int[] axes = new int[3];
        int n = 0;
        for (int i = x.rank() - 2; i > 0; i--) {
            if (x.dim(i) != y.dim(i)) {
                axes[n++] = i;
            }
        }
        if (n == 0) {
            axes[n++] = x.rank() - 2;
        }
        return Arrays.copyOf(axes, n);
    }

    @Override
    public void forward(Call c) {
        Shape at = c.shape(0);
        Shape y = c.outShape(0);
        if (y.size() == 0) {
            return; // what lies between may be huge
        }
        int[] axes = axes(at, y);
        long from = c.in(0);
        for (int k = 0; k < axes.length; k++) {
            Shape next = at.with(axes[k], y.dim(axes[k]));
            long to = k == axes.length - 1 ? c.out(0) : c.scratch(4 * next.size());
            line(c.begin(Kernel.RESIZE).put(mode.ordinal()).at(from, to), at, next, axes[k])
                    .run();
            from = to;
            at = next;
        }
    }

    @Override
    public void backward(Grad g) {
        Shape at = g.outShape(0);
        Shape x = g.shape(0);
        if (at.size() == 0) {
            long dx = g.din(0);
            g.clear(0, dx);
            return;
        }
        int[] axes = axes(x, at);
        long dy = g.dout(0);
        for (int k = axes.length - 1; k >= 0; k--) {
            Shape before = at.with(axes[k], x.dim(axes[k]));
            long dx = k == 0 ? g.din(0) : g.scratch(4 * before.size());
            line(g.begin(Kernel.RESIZE_GRAD).put(mode.ordinal()).at(dy, dx), before, at, axes[k]);
            g.put(k == 0 && g.adds() ? 1 : 0).run();
            dy = dx;
            at = before;
        }
    }

    /** The sizes before, along and behind a dimension. */
    private static Call line(Call c, Shape from, Shape to, int axis) {
        return c.put(from.size(0, axis), from.dim(axis), to.dim(axis), from.size(axis + 1, from.rank()));
    }
}
