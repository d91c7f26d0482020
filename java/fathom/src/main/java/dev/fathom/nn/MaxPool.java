package dev.fathom.nn;

import dev.fathom.op.PadMode;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;

/**
 * Takes the largest value of every window, channel by channel. The number of dimensions of the window decides what is
 * pooled: x [N, L, C] (PyTorch's MaxPool1d), [N, H, W, C] (MaxPool2d) or [N, D, H, W, C] (MaxPool3d). Padding never
 * wins, because it holds no values.
 *
 * @param window the geometry
 */
public record MaxPool(Window window) implements Layer, Windowed<MaxPool> {
    /**
     * Pools pictures over squares of {@code size} that lie side by side: the stride is the size. {@code new
     * MaxPool(3).stride(2).pad(1)} changes that.
     *
     * @throws IllegalArgumentException if the size is below 1
     */
    public MaxPool(int size) {
        this(Window.of(size).stride(size));
    }

    @Override
    public MaxPool window(Window w) {
        return new MaxPool(w);
    }

    @Override
    public Steps stepReading() {
        return Steps.of(window, PadMode.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.maxPool(window);
    }
}
