package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.Arrays;

/** y = x repeated along its dimensions of 1, and along new ones in front of them: NumPy's broadcast_to. */
public record ExpandOp(Shape to) implements MoveOp {
    /** The shape that {@code dims} ask for, where -1 stands for the dimension that x has there. */
    public static ExpandOp of(Shape x, int[] dims) {
        int[] to = dims.clone();
        int front = dims.length - x.rank();
        for (int i = Math.max(front, 0); i < to.length; i++) {
            to[i] = to[i] == -1 ? x.dim(i - front) : to[i];
        }
        if (Arrays.stream(to).anyMatch(d -> d < 0)) {
            throw new IllegalArgumentException("expand" + Where.running() + ": " + Arrays.toString(dims)
                    + " are no dimensions for x " + x
                    + "; give 0 or more, or -1 to keep a dimension that x has");
        }
        return new ExpandOp(Shape.of(to));
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        int front = to.rank() - x.rank();
        if (front < 0) {
            throw c.fail("x " + x + " has more dimensions than " + to + "; reduce or reshape it");
        }
        for (int i = 0; i < x.rank(); i++) {
            if (x.dim(i) != to.dim(front + i) && x.dim(i) != 1) {
                throw c.fail("x " + x + " does not stretch to " + to + ": x.dim(" + i + ")=" + x.dim(i)
                        + " but dim(" + (front + i) + ") of the result is " + to.dim(front + i)
                        + "; only a dimension of 1 stretches");
            }
        }
        return to;
    }

    @Override
    public void forward(Call c) {
        if (to.size() == 0) {
            return;
        }
        long x = c.in(0);
        long[][] groups = ReduceOp.groups(to, Broadcast.stretched(to, c.shape(0)));
        // the runs of repeated dimensions that a sum would take, the other way
        for (int i = groups.length - 1; i >= 0; i--) {
            long outer = groups[i][0];
            long times = groups[i][1];
            long inner = groups[i][2];
            long y = i == 0 ? c.out(0) : c.scratch(c.dtype(0).bytes() * outer * times * inner);
            ConcatOp.copyRows(c, x, inner, 0, y, times * inner, inner, outer, times, inner, false);
            x = y;
        }
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        Broadcast.sum(g, dy, to, dx, g.shape(0), g.adds());
    }
}
