package dev.fathom.ops;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.op.WindowedOp;
import org.jspecify.annotations.Nullable;

/**
 * y [N, .., K] = act((the sum over taps t and channels c of x [.., o stride + t dilation - padding, c] W [K, t.., c], +
 * b [K]) + residual), o being the place in y: a cross-correlation, as the field's convolutions are; the filters are not
 * flipped. Of several groups of channels, each has its own filters.
 */
public record ConvOp(Window window, int groups, @Nullable Activation activation) implements Epilogue, WindowedOp {
    @Override
    public Op with(@Nullable Activation end) {
        return new ConvOp(window, groups, end);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape w = c.shape(1);
        checkFilters(c, window);
        checkGroups(c, groups);
        window.checkRank(c::fail, x);
        int channels = x.dim(-1);
        int deep = w.dim(-1);
        if (channels != (long) groups * deep) {
            throw disagree(c, w.rank() - 1, deep, groups);
        }
        return checked(c, window.shape(c, x, w.dim(0)));
    }

    /** Refuses filters W [a, taps.., b] that are not the window's. */
    public static void checkFilters(Call c, Window window) {
        Shape w = c.shape(1);
        String weight = c.inName(1);
        if (w.rank() != window.rank() + 2) {
            throw c.fail(weight + " " + w + " has " + w.rank() + " dimensions but those of a window of " + window.rank()
                    + " have " + (window.rank() + 2) + ": the filters, the window's, the channels");
        }
        for (int i = 0; i < window.rank(); i++) {
            if (w.dim(i + 1) != window.axis(i).kernel()) {
                throw c.fail(weight + " " + w + " and the window " + window + " disagree: " + weight + ".dim("
                        + (i + 1) + ")=" + w.dim(i + 1) + " but the window has "
                        + window.axis(i).kernel() + " taps there; they must be equal");
            }
        }
    }

    public static void checkGroups(Call c, int groups) {
        if (groups < 1 || c.shape(1).dim(0) % groups != 0) {
            throw c.fail(c.inName(1) + " " + c.shape(1) + " has " + c.shape(1).dim(0) + " filters for groups=" + groups
                    + "; there must be as many in each group");
        }
    }

    /**
     * Refuses channels of x that are not those of the filters, of which a group has {@code here} at dimension
     * {@code at}.
     */
    static IllegalArgumentException disagree(Call c, int at, int here, int groups) {
        Shape x = c.shape(0);
        String weight = c.inName(1);
        return c.fail("x " + x + " and " + weight + " " + c.shape(1) + " disagree: x.dim(" + (x.rank() - 1) + ")="
                + x.dim(-1) + " but " + weight + ".dim(" + at + ")=" + here
                + (groups == 1
                        ? "; they must be equal"
                        : " of groups=" + groups + "; it must be " + (long) groups * here)
                + ChannelsFirst.fix(x, (long) groups * here));
    }

    /** The kernel would take the rows of a residual to lie as far apart as those of the result. */
    @Override
    public boolean spreadsRows(Call c) {
        return !c.has(residual());
    }

    @Override
    public void forward(Call c) {
        long[] words = window.words(c.shape(0), c.outShape(0), groups);
        long n = c.shape(0).dim(0);
        boolean winograd = groups == 1 && winograd(c, words);
        long packed = packed(c, winograd);
        boolean plain = packed == 0 || winograd && !c.fixed(0); // images of a few pixels take another form
        c.begin(Kernel.CONV).at(c.in(0)).at(plain ? c.in(1) : 0).at(packed);
        putAddresses(c).put(n).put(words).put(c.outRow());
        putActivation(c).run();
    }

    /** Whether filters are packed for Winograd's form; of images whose size is free, because that of most is. */
    private static boolean winograd(Call c, long[] g) {
        return g[6] == 3
                && g[7] == 3
                && g[8] * g[9] * g[10] * g[11] == 1
                && Native.convWinograd(g[2], g[5], c.fixed(0) ? Math.min(g[3], g[4]) : Integer.MAX_VALUE) != 0;
    }

    private long packed(Call c, boolean winograd) {
        Shape w = c.shape(1);
        int filters = w.dim(0);
        if (winograd) {
            return c.packed(1, Kernel.WINOGRAD_PACK, filters, 16L * w.dim(-1));
        }
        boolean depthwise = groups == filters && groups == c.shape(0).dim(-1);
        return groups == 1 || depthwise
                ? c.packed(1, groups == 1 ? Kernel.LINEAR_PACK : Kernel.DEPTHWISE_PACK, filters, w.size(1, w.rank()))
                : 0;
    }

    @Override
    public void backward(Grad g) {
        long[] words = window.words(g.shape(0), g.outShape(0), groups);
        long n = g.shape(0).dim(0);
        long dy = gradient(g);
        if (g.wants(0)) {
            long w = g.in(1);
            long dx = g.din(0);
            data(g, dy, w, dx, n, words, g.adds());
        }
        if (g.wants(1)) {
            long x = g.in(0);
            long dw = g.din(1);
            weights(g, x, dy, dw, n, words, g.adds());
        }
        backwardBias(g, dy);
        backwardResidual(g, dy);
    }

    @Override
    public Span span(int axis, int from, int to) {
        return Span.of(window.axis(axis), from);
    }

    /** Counts as papers do: every tap of every output, including those in the padding. */
    @Override
    public long multiplyAdds(Shape... in) {
        return pixels(window, in[0]) * in[1].size();
    }

    /** Counts the pixels of the results for all images of x. */
    static long pixels(Window window, Shape x) {
        long pixels = x.dim(0);
        for (int i = 0; i < window.rank(); i++) {
            pixels *= window.axis(i).outputs(x.dim(i + 1));
        }
        return pixels;
    }

    /** y = the sums alone. */
    public static void plain(Call c, long x, long w, long y, long n, long[] words) {
        c.begin(Kernel.CONV)
                .at(x, w, 0, 0, 0, 0, y)
                .put(n)
                .put(words)
                .put(0)
                .put(-1)
                .put(0f)
                .put(0f)
                .run();
    }

    /** dx (+)= the gradient of x. */
    public static void data(Call c, long dy, long w, long dx, long n, long[] words, boolean add) {
        c.begin(Kernel.CONV_DATA)
                .at(dy, w, dx)
                .put(n)
                .put(words)
                .put(add ? 1 : 0)
                .run();
    }

    /** dw (+)= the gradient of W. */
    public static void weights(Call c, long x, long dy, long dw, long n, long[] words, boolean add) {
        c.begin(Kernel.CONV_WEIGHTS)
                .at(x, dy, dw)
                .put(n)
                .put(words)
                .put(add ? 1 : 0)
                .run();
    }
}
