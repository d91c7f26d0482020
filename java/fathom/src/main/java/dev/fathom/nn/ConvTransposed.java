package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = act(the transposed convolution of x with W, + b), which makes maps larger (Zeiler et al. 2010): PyTorch's
 * ConvTranspose1d for x [N, L, in] and ConvTranspose2d for x [N, H, W, in]. Along each dimension, y [N, .., out] has
 * (size - 1) stride + dilation (kernel - 1) + 1 - padding + output padding positions, which is size times stride where
 * the window is {@link Window#same}. It is the gradient of the convolution from out to in channels with this window.
 *
 * @param weight W [in, taps.., out / groups]; files hold it as [in, out / groups, taps..], as PyTorch does
 * @param bias b [out], or null for none
 * @param window the geometry of the convolution of which this is the gradient
 * @param groups number of groups into which the channels are divided, each with filters of its own
 * @param outputPadding additional positions, the same along each dimension: a strided convolution maps several sizes to
 *     one, and this chooses among them
 * @param activation act, or null for none
 */
public record ConvTransposed(
        Parameter weight,
        @Nullable Parameter bias,
        Window window,
        int groups,
        int outputPadding,
        @Nullable Activation activation)
        implements Layer, Windowed<ConvTransposed> {
    /**
     * Makes a transposed convolution of pictures with a square kernel, stride 1, no padding and a bias, as PyTorch's
     * ConvTranspose2d.
     *
     * @throws IllegalArgumentException if the kernel or a number of channels is below 1
     */
    public ConvTransposed(int in, int out, int kernel) {
        this(in, out, Window.of(kernel));
    }

    /**
     * Makes a transposed convolution with a bias and no activation. Weight and bias begin as in PyTorch, uniform in
     * +-1/sqrt(out taps).
     *
     * @throws IllegalArgumentException if a number of channels is below 1
     */
    public ConvTransposed(int in, int out, Window window) {
        this(in, out, window, 1);
    }

    /**
     * Makes a transposed convolution whose channels are divided into {@code groups}, each with filters of its own.
     *
     * @throws IllegalArgumentException if a number of channels is below 1 or no multiple of groups
     */
    public ConvTransposed(int in, int out, Window window, int groups) {
        this(
                Filters.parameter("ConvTransposed", in, window, out, groups, Init.torch()),
                new Parameter(Shape.of(out), Init.torchBias(Filters.shape("ConvTransposed", in, window, out, groups))),
                window,
                groups,
                0,
                null);
    }

    @Override
    public ConvTransposed window(Window w) {
        return Records.with(this, "window", Filters.fitting("ConvTransposed", weight, w));
    }

    /** Returns this layer without a bias. */
    public ConvTransposed withoutBias() {
        return Records.with(this, "bias", null);
    }

    /**
     * Returns this layer with an output that is {@code places} larger along each dimension (PyTorch's output padding),
     * which must be fewer than the stride.
     */
    public ConvTransposed outputPadding(int places) {
        return Records.with(this, "outputPadding", places);
    }

    /** Returns this layer with an activation. */
    public ConvTransposed act(Activation a) {
        return Records.with(this, "activation", a);
    }

    @Override
    public Steps stepReading() {
        return window.axis(0).kernel() == 1 && outputPadding == 0 ? Steps.of(window, PadMode.ZEROS) : Steps.MIXED;
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor y = x.convTransposed(weight, window, groups, outputPadding);
        y = bias == null ? y : y.add(bias.value());
        return activation == null ? y : Pass.apply(activation, y);
    }
}
