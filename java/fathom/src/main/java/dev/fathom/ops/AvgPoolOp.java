package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.op.WindowedOp;

/**
 * The average of every window over x [n, l, c] or [n, h, w, c].
 *
 * @param padded whether the zeros of the padding count as values
 */
public record AvgPoolOp(Window window, boolean padded) implements BlindOp, WindowedOp {
    @Override
    public Shape shape(Call c, int output) {
        return MaxPoolOp.shape(c::fail, window, c.shape(0));
    }

    @Override
    public Span span(int axis, int from, int to) {
        return Span.of(window.axis(axis), from);
    }

    @Override
    public void forward(Call c) {
        window(c.begin(Kernel.AVG_POOL).at(c.in(0), c.out(0)), c.shape(0), c.outShape(0))
                .run();
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        window(g.begin(Kernel.AVG_POOL_GRAD).at(dy, dx), g.shape(0), g.outShape(0));
        g.put(g.adds() ? 1 : 0).run();
    }

    /** The window's words and what lies behind the image. */
    private Call window(Call c, Shape x, Shape y) {
        int h = window.rank() == 1 ? 1 : x.dim(1);
        MaxPoolOp.window(c, window, x, y);
        return c.put(padded ? 1 : 0, window.height().after(h), window.width().after(x.dim(-2)));
    }
}
