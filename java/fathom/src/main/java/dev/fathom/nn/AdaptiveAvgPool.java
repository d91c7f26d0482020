package dev.fathom.nn;

import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/**
 * Averages over as many windows as asked, whatever the size of x: along n places that become m, output o averages floor(o n / m) to
 * ceil((o + 1) n / m) - 1. PyTorch's AdaptiveAvgPool1d, 2d and 3d for one, two and three sizes.
 *
 * @param size of the result, between the batch and the channels
 */
public record AdaptiveAvgPool(Shape size) implements Layer {
    /** Length; height and width; or depth, height and width. */
    public AdaptiveAvgPool(int... size) {
        this(Shape.of(size));
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.resize(Resize.AREA, size.toArray());
    }
}
