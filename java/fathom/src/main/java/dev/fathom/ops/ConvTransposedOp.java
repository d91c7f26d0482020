package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.op.WindowedOp;

/**
 * y [N, .., K] of x [N, .., C] and W [C, taps.., K / groups]: the convolution with this window and these filters,
 * turned round. Each place i of x adds x[i] W[tap] to the places i stride + tap dilation - padding of y, as the
 * gradient of that convolution's input does. Along each dimension y has (size - 1) stride + extent - padding + output
 * padding places, or size stride where the window is {@link Window#same}.
 *
 * @param heightPadding places more behind the first of two spatial dimensions
 * @param outputPadding places more behind the last
 */
public record ConvTransposedOp(Window window, int groups, int heightPadding, int outputPadding) implements WindowedOp {
    public static ConvTransposedOp of(Window window, int groups, int... outputPadding) {
        if (window.rank() == 3) {
            throw new IllegalArgumentException("conv_transposed" + Where.running() + ": the window " + window
                    + " has three dimensions; one or two are offered");
        }
        int last = outputPadding.length - 1;
        if (last >= 0 && outputPadding.length != 1 && outputPadding.length != window.rank()) {
            throw new IllegalArgumentException(
                    "conv_transposed" + Where.running() + ": output padding got " + outputPadding.length
                            + " numbers but the window has " + window.rank()
                            + " spatial dimensions; give one for all, or one for each");
        }
        return last < 0
                ? new ConvTransposedOp(window, groups, 0, 0)
                : new ConvTransposedOp(window, groups, outputPadding[0], outputPadding[last]);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape w = c.shape(1);
        ConvOp.checkFilters(c, window);
        ConvOp.checkGroups(c, groups);
        window.checkRank(c::fail, x);
        if (x.dim(-1) != w.dim(0)) {
            throw ConvOp.disagree(c, 0, w.dim(0), 1);
        }
        long channels = (long) w.dim(-1) * groups;
        if (channels > Integer.MAX_VALUE) {
            throw c.fail(c.inName(1) + " " + w + " of groups=" + groups + " makes " + channels
                    + " channels, more than an int counts; choose fewer");
        }
        Shape y = x.with(-1, (int) channels);
        for (int i = 0; i < window.rank(); i++) {
            y = y.with(i + 1, places(c, x, i));
        }
        return y;
    }

    private int places(Call c, Shape x, int i) {
        Window.Axis a = window.axis(i);
        int more = i == window.rank() - 1 ? outputPadding : heightPadding;
        if (a.same() && more != 0) {
            throw c.fail("output padding " + more + " and the window " + window
                    + " disagree: a window that is same makes exactly size times stride places; pad by numbers, "
                    + "or leave the output padding out");
        }
        if (more < 0 || more >= Math.max(a.stride(), a.dilation())) {
            throw c.fail("output padding " + more + " must be 0 or more and below the stride " + a.stride()
                    + " or the dilation " + a.dilation());
        }
        int size = x.dim(i + 1);
        long places = a.same()
                ? (long) size * a.stride()
                : (size - 1L) * a.stride() + a.extent() - a.before() - a.after() + more;
        if (size < 1 || places < 1 || places > Integer.MAX_VALUE) {
            throw c.fail("x " + x + " and the window " + window + " make dim(" + (i + 1) + ")=" + places
                    + " of the result; pad less, or give another x");
        }
        return (int) places;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        long[] words = window.words(c.outShape(0), c.shape(0), groups);
        ConvOp.data(c, c.in(0), c.in(1), c.out(0), c.shape(0).dim(0), words, false);
    }

    @Override
    public void backward(Grad g) {
        long[] words = window.words(g.outShape(0), g.shape(0), groups);
        long n = g.shape(0).dim(0);
        long dy = g.dout(0);
        if (g.wants(0)) {
            long w = g.in(1);
            g.through(0, dx -> ConvOp.plain(g, dy, w, dx, n, words));
        }
        if (g.wants(1)) {
            long x = g.in(0);
            long dw = g.din(1);
            ConvOp.weights(g, dy, x, dw, n, words, g.adds());
        }
    }

    @Override
    public Span span(int axis, int from, int to) {
        Window.Axis a = window.axis(axis);
        double size = Math.ceil((double) a.extent() / a.stride());
        double middle = (a.before(to) - (a.extent() - 1) / 2.0) / a.stride();
        return new Span(middle - (size - 1) / 2, size, 1.0 / a.stride());
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return in[0].size(0, in[0].rank() - 1) * in[1].size();
    }
}
