package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConvOp} of one group in a plan that multiplies bytes: W [filters, taps.., channels] is stored as the kernel
 * INT8_PACK makes it, in an I8 array that every instruction set reads, and each image is rounded to bytes with a scale
 * of its own.
 */
public record Int8ConvOp(
        Window window, int filters, int channels, @Nullable Activation activation) implements Epilogue {
    @Override
    public Op with(@Nullable Activation end) {
        return new Int8ConvOp(window, filters, channels, end);
    }

    @Override
    public String label() {
        return new ConvOp(window, 1, activation).label();
    }

    @Override
    public DType takes(int i) {
        return i == 1 ? DType.I8 : DType.F32;
    }

    /** Runs of neighbors in memory, into which the taps and channels of a filter fall: int8_runs of compact.h. */
    public static long runs(Window window) {
        return window.width().dilation() == 1 ? window.height().kernel() : window.taps();
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Int8LinearOp.checkPacked(c, filters, Math.multiplyExact(window.taps(), channels), runs(window));
        window.checkRank(c::fail, x);
        if (x.dim(-1) != channels) {
            throw c.fail("x " + x + " has " + x.dim(-1) + " channels but the filters have " + channels
                    + "; they must be equal");
        }
        return checked(c, window.shape(c, x, filters));
    }

    /** The kernel would take the rows of a residual to lie as far apart as those of the result. */
    @Override
    public boolean spreadsRows(Call c) {
        return !c.has(residual());
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.CONV_INT8).at(c.in(0), c.in(1));
        putAddresses(c).put(c.shape(0).dim(0)).put(window.words(c.shape(0), c.outShape(0), 1));
        putActivation(c.put(c.outRow())).run();
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public long multiplyAdds(Shape... in) {
        return ConvOp.pixels(window, in[0]) * filters * window.taps() * channels;
    }
}
