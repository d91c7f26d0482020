package dev.fathom.nn;

import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * Averages x over windows that make a result of the given size, whatever the size of x: where n positions become m,
 * output o is the average of positions floor(o n / m) to ceil((o + 1) n / m) - 1. It is PyTorch's AdaptiveAvgPool1d, 2d
 * or 3d for one, two or three sizes.
 *
 * @param size the size of the result between the batch and the channels; one number stands for all of these dimensions
 */
public record AdaptiveAvgPool(Shape size) implements Layer {
    /**
     * Makes a layer whose result has this size along all dimensions, this height and width, or this depth, height and
     * width.
     */
    public AdaptiveAvgPool(int... size) {
        this(Shape.of(size));
    }

    @Override
    public Tensor forward(Tensor x) {
        int[] places = size.toArray();
        if (places.length == 1 && x.shape().rank() > 3) {
            int one = places[0];
            places = new int[x.shape().rank() - 2];
            Arrays.fill(places, one);
        }
        return x.resize(Resize.AREA, places);
    }
}
