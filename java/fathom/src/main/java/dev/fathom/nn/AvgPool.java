package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Window;

/**
 * The average of every window, channel by channel: PyTorch's AvgPool1d for x [N, L, C], AvgPool2d for [N, H, W, C] and AvgPool3d for [N, D, H, W, C], as
 * the window has one, two or three dimensions.
 *
 * @param window the geometry
 * @param countPadding whether the zeros of the padding count as values (PyTorch's {@code count_include_pad}, which it sets)
 */
public record AvgPool(Window window, boolean countPadding) implements Layer, Windowed<AvgPool> {
    /**
     * Squares of pictures side by side: of {@code size}, with as large a stride. {@code new AvgPool(3).stride(2).pad(1)} has another.
     *
     * @throws IllegalArgumentException if the size is below 1
     */
    public AvgPool(int size) {
        this(Window.of(size).stride(size));
    }

    /** The zeros of the padding count. */
    public AvgPool(Window window) {
        this(window, true);
    }

    @Override
    public AvgPool window(Window w) {
        return new AvgPool(w, countPadding);
    }

    /** A copy of this layer, which divides by the number of places inside x alone. */
    public AvgPool excludingPadding() {
        return new AvgPool(window, false);
    }

    @Override
    public Tensor forward(Tensor x) {
        return countPadding ? x.avgPool(window) : x.avgPoolExcludingPadding(window);
    }
}
