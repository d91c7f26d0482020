package dev.fathom.nn;

import dev.fathom.op.PadMode;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * Averages every window, channel by channel. The number of dimensions of the window decides what is pooled: x [N, L, C]
 * (PyTorch's AvgPool1d), [N, H, W, C] (AvgPool2d) or [N, D, H, W, C] (AvgPool3d).
 *
 * @param window the geometry
 * @param countPadding whether the zeros of the padding count as values (PyTorch's {@code count_include_pad}, which is
 *     true there by default)
 */
public record AvgPool(Window window, boolean countPadding) implements Layer, Windowed<AvgPool> {
    /**
     * Pools pictures over squares of {@code size} that lie side by side: the stride is the size. {@code new
     * AvgPool(3).stride(2).pad(1)} changes that.
     *
     * @throws IllegalArgumentException if the size is below 1
     */
    public AvgPool(int size) {
        this(Window.of(size).stride(size));
    }

    /** Pools over this window and counts the zeros of its padding as values. */
    public AvgPool(Window window) {
        this(window, true);
    }

    @Override
    public AvgPool window(Window w) {
        return new AvgPool(w, countPadding);
    }

    /** Returns this layer so that it divides by the number of places inside x alone. */
    public AvgPool excludingPadding() {
        return new AvgPool(window, false);
    }

    @Override
    public Steps stepReading() {
        return Steps.of(window, PadMode.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return countPadding ? x.avgPool(window) : x.avgPoolExcludingPadding(window);
    }
}
