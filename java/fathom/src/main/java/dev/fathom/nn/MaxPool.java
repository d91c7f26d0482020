package dev.fathom.nn;

import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * The largest value of every window, channel by channel: PyTorch's MaxPool1d for x [N, L, C], MaxPool2d for [N, H, W, C] and MaxPool3d for [N, D, H, W,
 * C], as the window has one, two or three dimensions. Padding holds no values.
 *
 * @param window the geometry
 */
public record MaxPool(Window window) implements Layer {
    /** Squares of pictures side by side: of {@code size}, with as large a stride. */
    public MaxPool(int size) {
        this(Window.of(size).stride(size));
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.maxPool(window);
    }
}
