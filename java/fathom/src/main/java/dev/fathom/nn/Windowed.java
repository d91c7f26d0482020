package dev.fathom.nn;

import dev.fathom.op.Window;

/**
 * A layer that slides a {@link Window} over x. Strides and padding of the window can be set on the layer itself, and
 * each method returns a changed copy: {@code new Conv(3, 64, 7).stride(2).pad(3)}, {@code new MaxPool(3).stride(2)}.
 *
 * @param <L> the layer
 */
public interface Windowed<L> {
    /** Returns the window. */
    Window window();

    /**
     * Returns this layer with another window.
     *
     * @throws IllegalArgumentException if the layer has filters of other sizes
     */
    L window(Window window);

    /**
     * Returns this layer with other strides: one number for all dimensions, or one for each.
     *
     * @throws IllegalArgumentException if there are more or fewer, or one is below 1
     */
    default L stride(int... strides) {
        return window(window().stride(strides));
    }

    /**
     * Returns this layer with other dilations, the distances between the taps of its window: one number for all
     * dimensions, or one for each.
     *
     * @throws IllegalArgumentException if there are more or fewer, or one is below 1
     */
    default L dilation(int... dilations) {
        return window(window().dilation(dilations));
    }

    /**
     * Returns this layer with padding: one number for all sides, one for each dimension, or front and back of each
     * dimension (top, bottom, left, right).
     *
     * @throws IllegalArgumentException if there are more or fewer, or one is negative
     */
    default L pad(int... padding) {
        return window(window().pad(padding));
    }

    /** Returns this layer with the padding that makes size / stride outputs, rounded up. */
    default L same() {
        return window(window().same());
    }

    /** Returns this layer with its number of outputs rounded up, as {@link Window#ceil} says. */
    default L ceil() {
        return window(window().ceil());
    }
}
