package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.op.WindowedOp;
import java.util.function.Function;

/**
 * The largest value of every window over x [n, l, c] or [n, h, w, c]; padding holds none. The first of equals wins, and
 * a NaN. The second result is the tap that won, for backward; the third, where asked for, its place h W + w in the
 * image.
 */
public record MaxPoolOp(Window window, boolean indices) implements SavingOp, WindowedOp {
    /** Taps are bytes up to so many, as the kernel has it. */
    private static final int BYTES = 256;

    @Override
    public int outputs() {
        return indices ? 3 : 2;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape y = shape(c::fail, window, x);
        if (indices && x.size(1, x.rank() - 1) > Integer.MAX_VALUE) {
            throw c.fail("x " + x + " has " + x.size(1, x.rank() - 1)
                    + " places for each batch and channel but an index is an I32; pool without indices");
        }
        return y;
    }

    /** The shape of a pool of any rank; every window must see something. */
    public static Shape shape(Function<String, IllegalArgumentException> fail, Window window, Shape x) {
        Shape y = window.shape(m -> fail.apply(m + ChannelsFirst.fix(x, window)), x, x.rank() == 0 ? 0 : x.dim(-1));
        for (int i = 0; i < window.rank(); i++) {
            Window.Axis a = window.axis(i);
            int size = x.dim(i + 1);
            long last = (y.dim(i + 1) - 1L) * a.stride() - a.before(size);
            boolean blind = last >= size || a.before(size) >= a.extent();
            // a window that reaches x from its padding steps over x only where taps are further apart than x is long
            long end = a.dilation() > size ? Math.min(0, last + 1) : Long.MIN_VALUE;
            for (long first = -a.before(size); !blind && first < end; first += a.stride()) {
                blind = Math.floorMod(first, a.dilation()) >= size;
            }
            if (blind) {
                throw fail.apply("the window " + window + " lies in the padding alone for some places of x " + x
                        + ", x.dim(" + (i + 1) + ")=" + size + "; pad less");
            }
        }
        return y;
    }

    @Override
    public DType dtype(Call c, int output) {
        return output == 0 ? DType.F32 : output == 1 && window.taps() <= BYTES ? DType.U8 : DType.I32;
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public Span span(int axis, int from, int to) {
        return Span.of(window.axis(axis), from);
    }

    @Override
    public void forward(Call c) {
        Shape y = c.outShape(0);
        long taps = c.out(1);
        if (indices && taps == 0) {
            taps = c.scratch(y.size() * dtype(c, 1).bytes());
        }
        window(c.begin(Kernel.MAX_POOL).at(c.in(0), c.out(0), taps), window, c.shape(0), y)
                .run();
        if (indices) {
            window(c.begin(Kernel.POOL_POSITIONS).at(taps, c.out(2)), window, c.shape(0), y)
                    .run();
        }
    }

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.din(0);
        window(g.begin(Kernel.MAX_POOL_GRAD).at(dy, g.out(1), dx), window, g.shape(0), g.outShape(0));
        g.put(g.adds() ? 1 : 0).run();
    }

    /** How many images, and the window's words. */
    public static Call window(Call c, Window window, Shape x, Shape y) {
        return c.put(x.dim(0)).put(window.words(x, y, x.dim(-1)));
    }
}
