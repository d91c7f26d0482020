package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y[n, p] = act(patch(x[n], p) W[p] + b[p]), where patch(x, p) is what the window reads at position p: a convolution
 * whose filters are not shared, for pictures whose parts differ, such as faces (Taigman et al. 2014). x [N, .., in]
 * must have the size that the weights were made for; y is [N, .., out]. Each position is one matrix product, and the
 * patches are copied, which takes the memory of x times the taps.
 *
 * @param weight W [places, taps in, out]
 * @param bias b [places, 1, out], or null for none
 * @param window the geometry
 * @param activation act, or null for none
 */
public record LocallyConnected(
        Parameter weight,
        @Nullable Parameter bias,
        Window window,
        @Nullable Activation activation) implements Layer {
    /**
     * Makes a layer for images of this shape [.., in]. W and b begin uniform in +-1/sqrt(taps in).
     *
     * @throws IllegalArgumentException if the shape does not consist of the window's dimensions followed by the
     *     channels, if the window does not fit it, or if {@code out} is below 1
     */
    public LocallyConnected(Shape image, int out, Window window) {
        this(
                new Parameter(Shape.of(places(image, out, window), reads(image, window), out), uniform(image, window)),
                new Parameter(Shape.of(places(image, out, window), 1, out), uniform(image, window)),
                window,
                null);
    }

    /**
     * Makes a layer for pictures of this shape [height, width, in], with a square kernel, stride 1 and no padding.
     *
     * @throws IllegalArgumentException if the shape does not have three dimensions, the kernel does not fit it, or
     *     {@code out} is below 1
     */
    public LocallyConnected(Shape image, int out, int kernel) {
        this(image, out, Window.of(kernel));
    }

    private static int places(Shape image, int out, Window window) {
        if (image.rank() != window.rank() + 1) {
            throw new IllegalArgumentException("LocallyConnected: image " + image + " has " + image.rank()
                    + " dimensions but the window " + window + " takes " + (window.rank() + 1)
                    + ", the channels last");
        }
        double places = 1;
        for (int i = 0; i < window.rank(); i++) {
            places *= window.axis(i).outputs(image.dim(i));
        }
        if (places < 1 || image.dim(-1) < 1 || out < 1) {
            throw new IllegalArgumentException("LocallyConnected: image " + image + " and the window " + window
                    + " make " + (long) places + " places of out=" + out
                    + " channels; all sizes must be at least 1");
        }
        return counted(image, window, places);
    }

    private static int reads(Shape image, Window window) {
        return counted(image, window, (double) window.taps() * image.dim(-1));
    }

    private static int counted(Shape image, Window window, double n) {
        if (n > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("LocallyConnected: image " + image + " and the window " + window
                    + " make more places, or numbers for each, than an int counts; give smaller ones");
        }
        return (int) n;
    }

    private static Initializer uniform(Shape image, Window window) {
        float bound = (float) (1 / Math.sqrt(reads(image, window)));
        return Init.uniform(-bound, bound);
    }

    /** Returns this layer without a bias. */
    public LocallyConnected withoutBias() {
        return Records.with(this, "bias", null);
    }

    /** Returns this layer with an activation. */
    public LocallyConnected act(Activation a) {
        return Records.with(this, "activation", a);
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor read = x.patches(window);
        Shape y = read.shape().with(-1, weight.shape().dim(2));
        int n = y.dim(0);
        int places = (int) y.size(1, y.rank() - 1); // an int counts them, as patches made sure
        if (places != weight.shape().dim(0) || read.dim(-1) != weight.shape().dim(1)) {
            throw new IllegalArgumentException("LocallyConnected" + Where.running() + ": x " + x.shape() + " makes "
                    + places + " places of " + read.dim(-1) + " numbers but weight " + weight.shape() + " is for "
                    + weight.shape().dim(0) + " of " + weight.shape().dim(1) + "; it is made for images of one size");
        }
        Tensor sums = read.reshape(n, places, read.dim(-1)).transpose(0, 1).matmul(weight.value());
        sums = bias == null ? sums : sums.add(bias.value());
        sums = activation == null ? sums : Pass.apply(activation, sums);
        return sums.transpose(0, 1).reshape(y.toArray());
    }
}
