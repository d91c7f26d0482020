package dev.fathom.nn;

import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * The average of every window, channel by channel: PyTorch's AvgPool1d for x [N, L, C], AvgPool2d for [N, H, W, C] and AvgPool3d for [N, D, H, W, C], as
 * the window has one, two or three dimensions.
 *
 * @param window the geometry
 * @param countPadding whether the zeros of the padding count as values (PyTorch's {@code count_include_pad}, which it sets)
 */
public record AvgPool(Window window, boolean countPadding) implements Layer {
    /** Squares of pictures side by side: of {@code size}, with as large a stride. */
    public AvgPool(int size) {
        this(Window.of(size).stride(size));
    }

    /** The zeros of the padding count. */
    public AvgPool(Window window) {
        this(window, true);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.avgPool(window, countPadding);
    }
}
