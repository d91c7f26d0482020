package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;

/**
 * The weights of convolutions, [filters, taps.., channels / groups] and [filters, channels / groups, taps..] in files.
 */
final class Filters {
    private Filters() {}

    static Parameter parameter(String layer, int filters, Window window, int channels, int groups, Initializer init) {
        int rank = window.rank();
        int[] fileOrder = new int[rank + 2];
        fileOrder[1] = rank + 1;
        for (int i = 0; i < rank; i++) {
            fileOrder[i + 2] = i + 1;
        }
        return new Parameter(shape(layer, filters, window, channels, groups), init, fileOrder);
    }

    /**
     * The window, whose kernel sizes are those of the filters.
     *
     * @throws IllegalArgumentException if they are not
     */
    static Window fitting(String layer, Parameter weight, Window window) {
        Shape w = weight.shape();
        boolean fits = w.rank() == window.rank() + 2;
        for (int i = 0; fits && i < window.rank(); i++) {
            fits = w.dim(i + 1) == window.axis(i).kernel();
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    layer + ": weight " + w + " does not have the kernel sizes of the window " + window
                            + "; make a new layer for other kernels");
        }
        return window;
    }

    static Shape shape(String layer, int filters, Window window, int channels, int groups) {
        if (groups < 1 || channels < 1 || filters < 1 || channels % groups != 0 || filters % groups != 0) {
            throw new IllegalArgumentException(layer + ": " + channels + " channels and " + filters
                    + " filters must both be at least 1 and multiples of groups=" + groups);
        }
        int rank = window.rank();
        int[] dims = new int[rank + 2];
        dims[0] = filters;
        for (int i = 0; i < rank; i++) {
            dims[i + 1] = window.axis(i).kernel();
        }
        dims[rank + 1] = channels / groups;
        return Shape.of(dims);
    }
}
